// What the views share: the heading above them, and the grid of a list of photos in a chosen order.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const ORDERS = {
        newest: ["Newest upload first", (a, b) => b - a],
        oldest: ["Oldest upload first", (a, b) => a - b],
        taken: ["By time taken", (a, b) => app.value("taken", a) - app.value("taken", b) || a - b],
        seen: ["Most seen first", (a, b) => app.value("views", b) - app.value("views", a) || b - a],
    };
    app.views = {};

    // Show a heading, a note beside it, and more elements.
    app.heading = function (title, note, ...more) {
        document
            .getElementById("bar")
            .replaceChildren(
                el("h1", { dir: "auto" }, title),
                el("p", { class: "count" }, note || ""),
                ...more.filter(Boolean),
            );
        document.title = `${title} · ${app.first.owner}`;
    };

    app.missing = function (view) {
        app.heading("Not found", "");
        view.replaceChildren(el("p", {}, "There is nothing at this address. ", el("a", { href: "#/" }, "All photos")));
    };

    // Show photos: `order` is "album" for the order of the list, or the first of the others, `about` is a text, `extra` an element.
    app.showGrid = function (view, list, { title, about, extra, order, isStream }) {
        const own = order === "album";
        let shown = order || app.order || "newest";
        const sorted = () =>
            shown === "newest" && !own ? list : shown in ORDERS ? Uint32Array.from(list).sort(ORDERS[shown][1]) : list;
        const names = Object.entries(ORDERS).map(([name, [label]]) => [name, label]);
        if (own) names.unshift([order, "In the album's order"]);
        const select = el(
            "select",
            {
                "aria-label": "Order",
                onchange: () => {
                    shown = select.value;
                    if (!own) app.order = shown;
                    app.grid.setList(sorted());
                    app.grid.scrollTo(0);
                    scrollTo(0, 0);
                    app.showYears(isStream && shown === "newest" ? app.grid : null);
                },
            },
            ...names.map(([name, label]) => el("option", { value: name, selected: name === shown }, label)),
        );
        app.heading(title, app.counted(list.length, "photo"), extra, list.length > 1 ? select : "");
        const holder = el("div", {});
        view.replaceChildren(
            ...[about && el("div", { class: "text about", dir: "auto" }, ...app.nodes(about)), holder].filter(Boolean),
        );
        if (!list.length) holder.replaceWith(el("p", { class: "empty" }, "No photos."));
        app.grid = new app.Grid(holder, sorted(), title);
        app.showYears(isStream && shown === "newest" ? app.grid : null);
        app.grid.resize(); // the years take some of its width
    };

    // The years of upload at the side of the whole stream: each scrolls to its first photo.
    app.showYears = function (grid) {
        const nav = document.getElementById("years");
        nav.replaceChildren();
        document.body.classList.toggle("with-years", Boolean(grid));
        if (!grid || grid.list.length < 2) return;
        const year = (index) => new Date(app.uploaded(grid.list[index]) * 1000).getUTCFullYear();
        const starts = [];
        for (let index = 0; index < grid.list.length;) {
            const here = year(index);
            starts.push([here, index]);
            let low = index,
                high = grid.list.length; // the list is in order of upload: find the end of the year
            while (high - low > 1) {
                const middle = (low + high) >> 1;
                if (year(middle) === here) low = middle;
                else high = middle;
            }
            index = high;
        }
        if (starts.length < 2) {
            document.body.classList.remove("with-years");
            return;
        }
        const buttons = starts.map(([here, index]) =>
            el(
                "button",
                {
                    type: "button",
                    onclick: () => {
                        grid.scrollTo(index);
                        grid.focus(index);
                    },
                },
                String(here),
            ),
        );
        nav.append(...buttons);
        grid.onDraw = () => {
            const here = year(grid.topIndex());
            starts.forEach(([other], place) => {
                if (other === here) buttons[place].setAttribute("aria-current", "true");
                else buttons[place].removeAttribute("aria-current");
            });
        };
        grid.onDraw();
    };

    app.views[""] = async function (view) {
        app.showGrid(view, app.all(), { title: app.first.realName || app.first.owner, isStream: true });
        document.title = `Photos of ${app.first.owner}`;
        app.heading.total = app.first.total;
        document.querySelector("#bar .count").textContent = app.counted(app.first.total, "photo");
    };

    app.views.search = async function (view, [query = ""]) {
        const title = query.trim();
        const isSimple = title && !/[:"]/.test(title);
        const albums = isSimple ? await app.findAlbums(title) : [];
        let isShown = false;
        const show = (list) => {
            app.showGrid(view, list, { title, extra: el("a", { href: "#/help" }, "How to search") });
            if (albums.length)
                view.prepend(
                    el("h2", {}, "Albums"),
                    el("ul", { class: "cards" }, ...albums.slice(0, 12).map(app.albumCard)),
                    el("h2", {}, "Photos"),
                );
            isShown = true;
        };
        const list = await app.search(query, (part) => {
            if (isShown) app.grid.setList(part);
            else show(part);
            document.querySelector("#bar .count").textContent = `${app.counted(part.length, "photo")} so far`;
        });
        if (!list) return;
        if (isShown) app.grid.close();
        show(list);
        app.say(`${app.counted(list.length, "photo")} found`);
    };
})();
