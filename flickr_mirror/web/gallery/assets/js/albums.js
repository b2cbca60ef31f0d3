// Albums, collections and tags: lists with their covers and counts.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const plain = (text) => app.plain(text.normalize("NFC").toLowerCase());

    // All albums, each as [id, title, description, cover, ordinals, is gone]
    app.albums = async () => (app.first.albums ? (await app.once("albums")).albums : []);
    app.albumsWith = async (ordinal) => (await app.albums()).filter((album) => album[4].includes(ordinal));

    // The albums whose title, or the title of a collection around them, has a text.
    app.findAlbums = async function (text) {
        if (!app.first.albums || !text.trim()) return [];
        const { albums, collections } = await app.once("albums");
        const titles = new Map(albums.map((album) => [album[0], album[1]]));
        const walk = ([title, , ids, children], path) => {
            const here = `${path} ${title}`;
            for (const id of ids) titles.set(id, `${titles.get(id)} ${here}`);
            for (const child of children) walk(child, here);
        };
        for (const collection of collections) walk(collection, "");
        return albums.filter((album) => plain(titles.get(album[0])).includes(plain(text.trim())));
    };

    app.albumCard = function ([id, title, , cover, members, isGone]) {
        const ordinal = cover >= 0 ? cover : members[0];
        const source = app.thumbnail(ordinal);
        const image =
            source && app.hasPicture(ordinal)
                ? el("img", { src: source, alt: "", loading: "lazy", decoding: "async" })
                : el("span", { class: "empty" });
        const count = app.counted(members.length, "photo") + (isGone ? ", gone from Flickr" : "");
        return el(
            "li",
            {},
            el(
                "a",
                { href: `#/album/${id}` },
                image,
                el("b", { dir: "auto" }, title || "Untitled"),
                el("span", {}, count),
            ),
        );
    };

    const cards = (albums) => el("ul", { class: "cards" }, ...albums.map(app.albumCard));

    app.views.albums = async function (view) {
        const { albums, collections } = await app.once("albums");
        app.heading("Albums", app.counted(albums.length, "album"));
        const known = new Map(albums.map((album) => [album[0], album]));
        const rest = new Set(albums);
        const section = ([title, about, ids, children], level) => {
            const members = ids.map((id) => known.get(id));
            members.forEach((album) => rest.delete(album));
            return el(
                "section",
                {},
                el(`h${level}`, { dir: "auto" }, title || "Untitled"),
                el("div", { class: "text", dir: "auto" }, ...app.nodes(about)),
                members.length ? cards(members) : "",
                ...children.map((child) => section(child, Math.min(6, level + 1))),
            );
        };
        const sections = collections.map((collection) => section(collection, 2));
        const others = rest.size && collections.length ? el("h2", {}, "In no collection") : "";
        view.replaceChildren(
            ...sections,
            others,
            rest.size ? cards([...rest]) : "",
            albums.length ? "" : el("p", {}, "This mirror has no albums."),
        );
    };

    app.views.album = async function (view, [id]) {
        const album = (await app.albums()).find((entry) => entry[0] === id);
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
