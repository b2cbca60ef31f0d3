// Charts as SVG and as lists of bars; each has its numbers as text for screen readers.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const { el, svg } = app;
    const HEIGHT = 160;

    function ticks(most) {
        const step =
            [1, 2, 5]
                .map((part) => part * 10 ** Math.floor(Math.log10(most / 3 || 1)))
                .filter((part) => part >= 1)
                .find((part) => most / part <= 4) || Math.max(1, Math.ceil(most / 3));
        return Array.from({ length: Math.floor(most / step) }, (_, index) => (index + 1) * step);
    }

    // Columns in order, such as years: entries are { label, value, note, href }.
    app.columnChart = function (entries, title, room) {
        if (!entries.length) return el("p", {}, "No photo has a date.");
        const most = Math.max(...entries.map((entry) => entry.value));
        const step = Math.max(6, Math.min(28, Math.floor(room / entries.length)));
        const width = 50 + step * entries.length;
        const every = Math.ceil(36 / step);
        const y = (value) => HEIGHT - ((HEIGHT - 10) * value) / most;
        const parts = ticks(most).flatMap((value) => [
            svg("line", { class: "rule", x1: 46, x2: width, y1: y(value), y2: y(value) }),
            svg("text", { x: 42, y: y(value) + 4, "text-anchor": "end" }, app.number(value)),
        ]);
        entries.forEach(({ label, value, note, href }, index) => {
            const x = 48 + index * step;
            const words = `${label}: ${app.counted(value, "photo")}${note ? `, ${note}` : ""}`;
            const bar = svg(
                "rect",
                {
                    class: "bar",
                    x,
                    y: y(value),
                    width: Math.max(1, step - 2),
                    height: Math.max(value ? 1 : 0, HEIGHT - y(value)),
                },
                svg("title", {}, words),
            );
            parts.push(href ? svg("a", { href, "aria-label": words, tabindex: -1 }, bar) : bar);
            if (index % every === 0)
                parts.push(svg("text", { x: x + step / 2, y: HEIGHT + 16, "text-anchor": "middle" }, label));
        });
        const words = `${title}: from ${entries[0].label} to ${entries[entries.length - 1].label}, at most ${app.number(most)} in ${entries.find((entry) => entry.value === most).label}.`;
        return el(
            "figure",
            { class: "chart" },
            el("figcaption", {}, title),
            el(
                "div",
                { class: "scroll", tabindex: 0, role: "group", "aria-label": words },
                svg(
                    "svg",
                    { viewBox: `0 0 ${width} ${HEIGHT + 24}`, width, height: HEIGHT + 24, "aria-hidden": true },
                    ...parts,
                ),
            ),
        );
    };

    // Bars beside their names, longest first: entries are { label, value, href }.
    function barList(entries, title) {
        const most = Math.max(1, ...entries.map((entry) => entry.value));
        const rows = entries.map(({ label, value, href }) => {
            const bar = el("span", { class: "bar" });
            bar.style.inlineSize = `${Math.max(1, (100 * value) / most)}%`;
            return el(
                "li",
                {},
                el("span", { class: "name", dir: "auto" }, href ? el("a", { href }, label) : label),
                el("span", { class: "track", "aria-hidden": true }, bar),
                el("span", { class: "count" }, app.number(value)),
            );
        });
        return el("figure", { class: "chart" }, el("figcaption", {}, title), el("ol", { class: "bars" }, ...rows));
    }

    function counted(keys) {
        const found = new Map();
        for (const key of keys) found.set(key, (found.get(key) || 0) + 1);
        return found;
    }
    const ranked = (map, count) =>
        [...map]
            .sort((a, b) => b[1] - a[1])
            .slice(0, count)
            .map(([label, value]) => ({ label, value }));

    app.views.charts = async function (view) {
        const list = [...app.all()].reverse();
        const [tags, people] = await Promise.all([app.once("tags"), app.once("people")]);
        const day = (ordinal) => new Date(app.uploaded(ordinal) * 1000);
        app.heading("Charts", app.counted(list.length, "photo"));
        const years = counted(list.map((ordinal) => day(ordinal).getUTCFullYear()));
        const first = Math.min(...years.keys()),
            last = Math.max(...years.keys());
        const uploads = list.length
            ? Array.from({ length: last - first + 1 }, (_, index) => ({
                  label: String(first + index),
                  value: years.get(first + index) || 0,
              }))
            : [];
        const room = Math.min(420, view.clientWidth - 60);
        const hours = counted(list.map((ordinal) => day(ordinal).getUTCHours()));
        const seen = [...list].sort((a, b) => app.value("views", b) - app.value("views", a)).slice(0, 15);
        const liked = [...list].sort((a, b) => app.value("faves", b) - app.value("faves", a)).slice(0, 15);
        const photos = (chosen, name) =>
            chosen
                .filter((ordinal) => app.value(name, ordinal))
                .map((ordinal) => ({
                    label: app.title(ordinal),
                    value: app.value(name, ordinal),
                    href: `#/photo/${app.id(ordinal)}`,
                }));
        view.replaceChildren(
            el(
                "div",
                { class: "charts" },
                app.columnChart(uploads, "Photos by year of upload", room),
                app.columnChart(
                    Array.from({ length: 24 }, (_, hour) => ({ label: String(hour), value: hours.get(hour) || 0 })),
                    "Photos by hour of upload (UTC)",
                    room,
                ),
                barList(
                    tags
                        .slice(0, 20)
                        .map(([label, value]) => ({ label, value, href: `#/tag/${encodeURIComponent(label)}` })),
                    "Tags",
                ),
                barList(ranked(counted(list.map((ordinal) => app.license(ordinal)[0])), 20), "Licences"),
                barList(photos(seen, "views"), "Most seen"),
                barList(photos(liked, "faves"), "Most liked"),
                barList(
                    people.slice(0, 20).map(([author, name, value]) => ({ label: name || author, value })),
                    "Most comments by",
                ),
            ),
        );
    };
})();
