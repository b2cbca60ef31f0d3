// Charts as SVG and as lists of bars; each has its numbers as text for screen readers.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const { el, svg } = app;
    const HEIGHT = 160;
    const [COLUMN, GAP] = [416, 48]; // of .charts in the style

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
        const wide = 7 * Math.max(...entries.map((entry) => entry.label.length)) + 8; // pixels of a label
        const step = Math.max(2, Math.min(Math.max(40, wide), room / entries.length));
        const width = Math.ceil(50 + step * entries.length);
        const every = [1, 2, 5, 10, 20, 25, 50, 100].find((count) => count * step >= wide) || 200;
        const isNumber = /^\d+$/.test(entries[0].label); // then the labels are round numbers
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
                    width: Math.max(1, step - (step > 5 ? 2 : 0.5)),
                    height: Math.max(value ? 1 : 0, HEIGHT - y(value)),
                },
                svg("title", {}, words),
            );
            parts.push(href ? svg("a", { href, "aria-label": words, tabindex: -1 }, bar) : bar);
            if ((isNumber ? Number(label) : index) % every === 0)
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
    function barList(entries, title, name = "bars") {
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
        return el("figure", { class: "chart" }, el("figcaption", {}, title), el("ol", { class: name }, ...rows));
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

    // Photos by year of upload, by month if that is at most two years.
    function uploadsOf(days) {
        if (!days.length) return [[], "year"];
        const months = days.map((day) => 12 * day.getUTCFullYear() + day.getUTCMonth());
        const first = months.reduce((a, b) => Math.min(a, b)),
            last = months.reduce((a, b) => Math.max(a, b));
        const isShort = last - first < 24;
        const size = isShort ? 1 : 12;
        const from = Math.floor(first / size);
        const values = counted(months.map((month) => Math.floor(month / size)));
        const name = (key) =>
            isShort ? `${Math.floor(key / 12)}-${String((key % 12) + 1).padStart(2, "0")}` : String(key);
        const entries = Array.from({ length: Math.floor(last / size) - from + 1 }, (_, index) => ({
            label: name(from + index),
            value: values.get(from + index) || 0,
        }));
        return [entries, isShort ? "month" : "year"];
    }

    app.views.charts = async function (view) {
        const list = [...app.all()].reverse();
        const [tags, people] = await Promise.all([app.once("tags"), app.once("people")]);
        const day = (ordinal) => new Date(app.uploaded(ordinal) * 1000);
        app.heading("Charts", app.counted(list.length, "photo"));
        const [uploads, unit] = uploadsOf(list.map(day));
        const columns = Math.max(1, Math.floor((view.clientWidth + GAP) / (COLUMN + GAP)));
        const room = (view.clientWidth + GAP) / columns - GAP - 60;
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
                app.columnChart(uploads, `Photos by ${unit} of upload`, room),
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
                barList(photos(seen, "views"), "Most seen", "bars titles"),
                barList(photos(liked, "faves"), "Most liked", "bars titles"),
                barList(
                    people.slice(0, 20).map(([author, name, value]) => ({ label: name || author, value })),
                    "Most comments by",
                ),
            ),
        );
    };
})();
