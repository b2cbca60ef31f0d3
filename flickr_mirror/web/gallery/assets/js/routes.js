// The address after # chooses the view, so that back, reload and a shared link lead to the same place.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const SECTIONS = [
        ["", "Photos"],
        ["albums", "Albums"],
        ["time", "Timeline"],
        ["map", "Map"],
        ["tags", "Tags"],
        ["charts", "Charts"],
        ["about", "About"],
    ];
    const query = document.getElementById("query");
    let shown = null; // the hash of the view below a photo
    let turn = 0;

    function parts(hash) {
        return hash
            .replace(/^#?\/?/, "")
            .split("/")
            .map((part) => {
                try {
                    return decodeURIComponent(part);
                } catch {
                    return part;
                }
            });
    }

    app.replaceRoute = function (hash) {
        // without showing it again
        history.replaceState(history.state, "", hash);
        shown = hash;
    };

    function mark(name) {
        for (const link of document.querySelectorAll("#sections a")) {
            if (link.dataset.name !== name) link.removeAttribute("aria-current");
            else {
                link.setAttribute("aria-current", "page");
                const [here, all] = [link.getBoundingClientRect(), link.parentElement.getBoundingClientRect()];
                link.parentElement.scrollLeft += (here.left + here.right - all.left - all.right) / 2;
            }
        }
    }

    async function showView(hash) {
        const [name, ...rest] = parts(hash);
        const mine = ++turn;
        const view = el("div", {});
        if (app.grid) {
            app.grid.close();
            app.grid = null;
        }
        app.showYears(null);
        app.say("");
        shown = hash;
        if (name !== "search") query.value = "";
        else if (document.activeElement !== query) query.value = rest[0] || "";
        mark(name);
        if (name !== "") await app.whole;
        if (mine !== turn) return;
        document.getElementById("view").replaceChildren(view);
        try {
            await (app.views[name] || app.missing)(view, rest);
        } catch (error) {
            view.replaceChildren(el("p", { role: "alert" }, error.message));
        }
        if (mine !== turn) return;
        document.body.dataset.view = name;
        const top = history.state && history.state.top;
        if (app.grid && top) app.grid.scrollTo(top);
        else if (!document.getElementById("photo").open) scrollTo(0, 0);
    }

    async function show() {
        const hash = location.hash || "#/";
        const [name, id] = parts(hash);
        if (name !== "photo") {
            app.hidePhoto();
            if (hash !== shown) await showView(hash);
            else document.title = app.titleBelow || document.title;
            return;
        }
        if (shown === null) await showView("#/");
        else if (!document.getElementById("photo").open) app.titleBelow = document.title;
        if (app.ordinal(id) === undefined) await app.whole;
        if (location.hash !== hash) return;
        const ordinal = app.ordinal(id);
        if (ordinal === undefined) return app.missing(document.getElementById("view"));
        const list = app.grid && app.grid.list.includes(ordinal) ? app.grid.list : app.all();
        app.showPhoto(ordinal, list);
    }

    app.closePhoto = function () {
        location.hash = shown || "#/";
    };

    // Search as you type: the address follows, one entry of the history for one search.
    function onQuery() {
        const text = query.value;
        const hash = text.trim() ? `#/search/${encodeURIComponent(text)}` : "#/";
        const isSearch = parts(location.hash)[0] === "search";
        if (isSearch) history.replaceState(null, "", hash);
        else history.pushState(null, "", hash);
        app.hidePhoto();
        showView(hash);
    }

    function onKey(event) {
        if (
            event.defaultPrevented ||
            event.altKey ||
            event.ctrlKey ||
            event.metaKey ||
            event.target.matches("input, select, textarea")
        )
            return;
        if (document.querySelector("dialog[open]") && event.key !== "?") return;
        if (event.key === "/") {
            event.preventDefault();
            query.focus();
            query.select();
        } else if (event.key === "?" && !document.getElementById("keys").open) app.showKeys();
        else if (/^(Arrow|Home|End)/.test(event.key) && app.grid && event.target === document.body) {
            event.preventDefault();
            app.grid.focus(app.grid.topIndex());
        }
    }

    let saving = 0;
    function onScroll() {
        // the place in the grid, for back and reload
        clearTimeout(saving);
        saving = setTimeout(() => {
            if (app.grid && parts(location.hash)[0] !== "photo")
                history.replaceState({ top: scrollY > app.grid.offset() ? app.grid.topIndex() : 0 }, "");
        }, 200);
    }

    app.start = function () {
        const first = app.first;
        document.getElementById("owner").textContent = first.owner;
        document.documentElement.dir = first.rightToLeft ? "rtl" : "ltr";
        document
            .getElementById("sections")
            .append(
                ...SECTIONS.filter(([name]) => name !== "albums" || first.albums).map(([name, label]) =>
                    el("a", { href: `#/${name}`, "data-name": name }, label),
                ),
            );
        history.scrollRestoration = "manual";
        query.addEventListener("input", onQuery);
        document.getElementById("search").addEventListener("submit", (event) => {
            event.preventDefault();
            if (app.grid && app.grid.list.length) app.grid.focus(0);
        });
        query.addEventListener("keydown", (event) => {
            if (event.key === "ArrowDown" && app.grid && app.grid.list.length) {
                event.preventDefault();
                app.grid.focus(0);
            }
        });
        document.querySelector(".skip").addEventListener("click", (event) => {
            event.preventDefault();
            document.getElementById("main").focus();
        });
        addEventListener("hashchange", show);
        addEventListener("popstate", () => {
            if ((location.hash || "#/") !== shown && parts(location.hash)[0] !== "photo") show();
        });
        addEventListener("keydown", onKey);
        addEventListener("scroll", onScroll, { passive: true });
        return show();
    };
})();
