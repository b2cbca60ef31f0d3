// What the gallery is and holds, how to search, and the keys.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const KEYS = [
        ["/", "Search"],
        ["Arrow keys", "Another photo, in the grid and on its page"],
        ["Home, End", "The first or the last photo"],
        ["Enter", "Open the photo"],
        ["Esc", "Close the photo"],
        ["z", "Show the picture in its own size, and back"],
        ["Space", "Play or stop a film that has the focus"],
        ["?", "These keys"],
    ];
    const SEARCHES = [
        ["hue bridge", "photos with both words in their title, description, tags or comments"],
        ["duong", "also Đường and dương: without marks, a word stands for all spellings"],
        ["đường", "only this spelling"],
        ['"old town"', "these words in this order"],
        ["-hue", "without this word"],
        ["title:1908", "also description: tag: comment:"],
        ["year:1966", "taken in this year"],
        ["album:letters", "in an album with this title"],
        ["licence:ccby", "with a licence whose name begins so"],
        ["has:place", "also has:film has:comments is:gone"],
    ];

    const list = (entries) =>
        el("dl", {}, ...entries.flatMap(([term, text]) => [el("dt", {}, el("kbd", {}, term)), el("dd", {}, text)]));

    app.views.about = async function (view) {
        const first = app.first;
        const licenses = app.columns.licenses
            .map(([name, address], index) => [name, address, first.licenseCounts[index]])
            .sort((a, b) => b[2] - a[2]);
        const facts = [
            [
                first.source ? "List" : "Account",
                `${first.owner}${first.realName && first.realName !== first.owner ? ` (${first.realName})` : ""}, ${first.nsid}`,
            ],
            ["At", first.source],
            ["Photos", app.number(first.total)],
            ["Films", first.films && app.number(first.films)],
            ["Albums", first.albums && app.number(first.albums)],
            ["Gone from Flickr", first.gone && app.counted(first.gone, "photo")],
        ].filter(([, value]) => value);
        app.heading("About these photos", "");
        view.replaceChildren(
            el(
                "div",
                { class: "prose" },
                el(
                    "p",
                    {},
                    first.source
                        ? "This gallery shows a mirror of a list of photos on Flickr. They have several owners, whom the page of each photo names. "
                        : "This gallery shows a mirror of a photostream on Flickr. ",
                    "It works without a network: pages, texts, index and map are files in this folder.",
                ),
                el(
                    "p",
                    {},
                    first.private
                        ? el(
                              "strong",
                              {},
                              "Photos that are not public on Flickr are included. Do not publish this folder.",
                          )
                        : "Only photos that were public on Flickr are shown.",
                ),
                el(
                    "dl",
                    {},
                    ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)]),
                ),
                el("h2", {}, "Licences"),
                el(
                    "ul",
                    {},
                    ...licenses.map(([name, address, count]) =>
                        el(
                            "li",
                            {},
                            address
                                ? el("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, name)
                                : name,
                            `: ${app.counted(count, "photo")}`,
                        ),
                    ),
                ),
                el(
                    "p",
                    {},
                    "Photos with all rights reserved may be kept as a private archive, and not be published without the permission of their authors. The other licences state what they ask for. A photo on Flickr links its author's page, and so does each photo here.",
                ),
                el("h2", {}, "Without JavaScript"),
                el("p", {}, el("a", { href: "list/index.html" }, "The photos by month of upload"), " are plain pages."),
                el("h2", {}, "Files"),
                el(
                    "p",
                    {},
                    "Each file in the folder data is a line of JSON within one call: remove the call, and any program reads it. The numbers of all photos are columns in base64, the oldest upload first.",
                ),
            ),
        );
    };

    app.views.help = async function (view) {
        app.heading("How to search", "");
        view.replaceChildren(el("div", { class: "prose" }, list(SEARCHES), el("h2", {}, "Keys"), list(KEYS)));
    };

    const dialog = document.getElementById("keys");
    app.showKeys = function () {
        dialog.replaceChildren(
            el("h2", { id: "keys-title" }, "Keys"),
            list(KEYS),
            el("button", { type: "button", onclick: () => dialog.close() }, "Close"),
        );
        dialog.showModal();
    };
})();
