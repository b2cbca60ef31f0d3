// The timeline: photos by the year they were taken, with how exactly that is known.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const MOST_YEARS = 300;

    function years() {
        const found = new Map();
        let undated = 0;
        for (const ordinal of app.all()) {
            const year = app.takenYear(ordinal);
            if (!year) {
                undated++;
                continue;
            }
            const entry = found.get(year) || { year, count: 0, rough: 0 };
            entry.count++;
            if (app.value("exact", ordinal) === 8) entry.rough++;
            found.set(year, entry);
        }
        return { list: [...found.values()].sort((a, b) => a.year - b.year), undated };
    }

    // Years without photos too, so that the chart is true to scale; not for dates that are centuries apart
    function withGaps(list) {
        const span = list.length ? list[list.length - 1].year - list[0].year + 1 : 0;
        if (span > MOST_YEARS) return list;
        const known = new Map(list.map((entry) => [entry.year, entry]));
        return Array.from({ length: span }, (_, index) => {
            const year = list[0].year + index;
            return known.get(year) || { year, count: 0, rough: 0 };
        });
    }

    app.views.time = async function (view, [year]) {
        if (year) return yearGrid(view, year);
        const { list, undated } = years();
        app.heading(
            "When the photos were taken",
            list.length ? `${list[0].year} to ${list[list.length - 1].year}` : "",
        );
        const bars = withGaps(list).map(({ year, count, rough }) => ({
            label: String(year),
            value: count,
            note: rough ? `${app.number(rough)} of them about that year` : "",
            href: count ? `#/time/${year}` : "",
        }));
        const decades = new Map();
        for (const entry of list) {
            const decade = Math.floor(entry.year / 10) * 10;
            decades.set(decade, [...(decades.get(decade) || []), entry]);
        }
        const sections = [...decades].map(([decade, entries]) =>
            el(
                "section",
                {},
                el("h2", {}, `${decade}s`),
                el(
                    "ul",
                    { class: "years" },
                    ...entries.map(({ year, count, rough }) =>
                        el(
                            "li",
                            {},
                            el("a", { href: `#/time/${year}` }, String(year)),
                            ` ${app.number(count)}`,
                            rough ? el("small", {}, ` (${app.number(rough)} circa)`) : "",
                        ),
                    ),
                ),
            ),
        );
        const unknown = undated
            ? el("p", {}, el("a", { href: "#/time/unknown" }, app.counted(undated, "photo")), " without a date.")
            : "";
        view.replaceChildren(
            app.columnChart(bars, "Photos by the year they were taken", view.clientWidth - 60),
            el("div", { class: "decades" }, ...sections),
            unknown,
        );
    };

    function yearGrid(view, year) {
        const wanted = year === "unknown" ? 0 : Number(year);
        const list = app.all().filter((ordinal) => app.takenYear(ordinal) === wanted);
        const around = years().list.map((entry) => entry.year);
        const link = (other, text) => (other ? el("a", { href: `#/time/${other}` }, text.replace("%", other)) : "");
        const place = around.indexOf(wanted);
        app.showGrid(view, list, {
            title: wanted ? `Taken in ${wanted}` : "Photos without a date",
            order: "taken",
            extra: wanted
                ? el(
                      "nav",
                      { class: "around", "aria-label": "Other years" },
                      link(around[place - 1], "← %"),
                      link(around[place + 1], "% →"),
                  )
                : "",
        });
    }
})();
