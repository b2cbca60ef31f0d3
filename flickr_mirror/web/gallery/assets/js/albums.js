// Albums and tags: lists with their covers and counts.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;

    app.albumsWith = async (ordinal) =>
        app.first.albums ? (await app.once("albums")).filter((album) => album[4].includes(ordinal)) : [];

    app.albumCard = function ([id, title, , cover, members]) {
        const ordinal = cover >= 0 ? cover : members[0];
        const source = app.thumbnail(ordinal) || "";
        const image =
            source && app.hasPicture(ordinal)
                ? el("img", { src: source, alt: "", loading: "lazy", decoding: "async" })
                : el("span", { class: "empty" });
        return el(
            "li",
            {},
            el(
                "a",
                { href: `#/album/${id}` },
                image,
                el("b", { dir: "auto" }, title || "Untitled"),
                el("span", {}, app.counted(members.length, "photo")),
            ),
        );
    };

    app.views.albums = async function (view) {
        const albums = await app.once("albums");
        app.heading("Albums", app.counted(albums.length, "album"));
        view.replaceChildren(
            albums.length
                ? el("ul", { class: "cards" }, ...albums.map(app.albumCard))
                : el("p", {}, "This mirror has no albums."),
        );
    };

    app.views.album = async function (view, [id]) {
        const album = (await app.once("albums")).find((entry) => entry[0] === id);
        if (!album) return app.missing(view);
        app.showGrid(view, album[4], { title: album[1] || "Untitled", about: album[2], order: "album" });
    };

    app.views.tags = async function (view) {
        const tags = await app.once("tags");
        app.heading("Tags", app.counted(tags.length, "tag"));
        const most = tags.length ? tags[0][1] : 1;
        const items = tags.slice(0, 1000).map(([tag, count]) => {
            const level = Math.ceil((5 * Math.log(count + 1)) / Math.log(most + 1));
            return el(
                "li",
                {},
                el("a", { href: `#/tag/${encodeURIComponent(tag)}`, class: `level${level}`, dir: "auto" }, tag),
                el("span", { class: "count" }, app.number(count)),
            );
        });
        view.replaceChildren(el("ul", { class: "cloud" }, ...items));
    };

    app.views.tag = async function (view, [tag]) {
        const list = await app.search(`tag:"${tag.replace(/"/g, "")}"`);
        if (list) app.showGrid(view, list, { title: tag });
    };
})();
