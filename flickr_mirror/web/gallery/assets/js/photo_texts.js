// What the page of a photo says: its facts, and its texts, tags, comments and files.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;

    app.photoFacts = function (ordinal, position) {
        const [license, address] = app.license(ordinal);
        const place = app.place(ordinal);
        const rows = [
            ["Taken", app.takenText(ordinal)],
            ["Uploaded", app.date(app.uploaded(ordinal))],
            [
                "Licence",
                address
                    ? el("a", { href: address, rel: "noreferrer noopener license", target: "_blank" }, license)
                    : license,
            ],
            [
                "Place",
                place &&
                    el(
                        "a",
                        { href: `#/map/9/${place[0].toFixed(4)}/${place[1].toFixed(4)}` },
                        app.degrees(place[0], place[1]),
                    ),
            ],
            ["Seen", app.value("views", ordinal) && app.counted(app.value("views", ordinal), "time")],
            [
                "Favourite of",
                app.value("faves", ordinal) && app.counted(app.value("faves", ordinal), "person", "people"),
            ],
        ];
        return [
            el("p", { class: "position" }, position),
            el("h2", { id: "photo-title", dir: "auto", tabindex: -1 }, app.title(ordinal)),
            app.isGone(ordinal) ? el("p", { class: "warning" }, "This photo is gone from Flickr.") : null,
            app.isPrivate(ordinal) ? el("p", { class: "warning" }, "This photo is not public on Flickr.") : null,
            el(
                "dl",
                {},
                ...rows
                    .filter(([, value]) => value)
                    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
            ),
        ].filter(Boolean);
    };

    app.photoTexts = function (ordinal, entry) {
        const parts = [];
        const [owner, name] = entry.owner || [];
        if (owner)
            parts.push(
                el(
                    "p",
                    {},
                    "By ",
                    el(
                        "a",
                        {
                            href: `https://www.flickr.com/people/${owner}/`,
                            rel: "noreferrer noopener",
                            target: "_blank",
                            dir: "auto",
                        },
                        name || owner,
                    ),
                ),
            );
        if (entry.description) parts.push(el("div", { class: "text", dir: "auto" }, ...app.nodes(entry.description)));
        if (entry.tags) {
            parts.push(
                el("h3", {}, "Tags"),
                el(
                    "ul",
                    { class: "tags" },
                    ...entry.tags.map((tag) =>
                        el("li", {}, el("a", { href: `#/tag/${encodeURIComponent(tag)}`, dir: "auto" }, tag)),
                    ),
                ),
            );
        }
        const albums = el("div", {});
        parts.push(albums);
        app.albumsWith(ordinal).then((found) => {
            if (found.length)
                albums.append(
                    el("h3", {}, "Albums"),
                    el(
                        "ul",
                        {},
                        ...found.map((album) =>
                            el("li", {}, el("a", { href: `#/album/${album[0]}`, dir: "auto" }, album[1] || "Untitled")),
                        ),
                    ),
                );
        });
        if (entry.notes)
            parts.push(
                el("h3", {}, "Notes on the picture"),
                el("ul", {}, ...entry.notes.map((note) => el("li", { class: "text", dir: "auto" }, note))),
            );
        if (entry.comments)
            parts.push(
                el("h3", {}, app.counted(entry.comments.length, "comment")),
                el("ol", { class: "comments" }, ...entry.comments.map(comment)),
            );
        const [width, height] = [app.value("width", ordinal), app.value("height", ordinal)];
        const size = width && height ? `${app.number(width)} × ${app.number(height)} pixels` : "";
        const bytes = { image: app.value("bytes", ordinal), video: entry.filmBytes };
        const links = [
            ["image", app.picture(ordinal), "Picture"],
            ["video", app.film(ordinal), "Film"],
        ]
            .filter(([, address]) => address)
            .map(([kind, address, name]) =>
                el(
                    "li",
                    {},
                    el("a", { href: address }, name),
                    ` ${[kind === "image" && size, bytes[kind] && app.size(bytes[kind])].filter(Boolean).join(", ")}`,
                ),
            );
        const page = `https://www.flickr.com/photos/${owner || app.first.nsid}/${app.id(ordinal)}/`;
        parts.push(
            el("h3", {}, "Files"),
            el(
                "ul",
                {},
                ...links,
                el("li", {}, el("a", { href: page, rel: "noreferrer noopener", target: "_blank" }, "On Flickr")),
            ),
        );
        return parts;
    };

    function comment([author, name, date, nodes]) {
        return el(
            "li",
            {},
            el("p", { class: "by" }, el("b", { dir: "auto" }, name || author), date ? ` · ${app.date(date)}` : ""),
            el("div", { class: "text", dir: "auto" }, ...app.nodes(nodes)),
        );
    }
})();
