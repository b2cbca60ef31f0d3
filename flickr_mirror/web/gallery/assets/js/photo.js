// The page of one photo: a dialog with the picture or film, its texts, and the way to the next one by key and swipe.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const SWIPE = 50;
    const dialog = document.getElementById("photo");
    let list = [],
        index = 0,
        turn = 0,
        stage = null;

    // Show a photo within a list of ordinals.
    app.showPhoto = function (ordinal, within) {
        list = within;
        index = Math.max(0, list.indexOf(ordinal));
        if (list[index] !== ordinal) {
            list = [ordinal];
            index = 0;
        }
        draw(ordinal);
        if (!dialog.open) {
            dialog.showModal();
            dialog.querySelector("h2").focus();
        }
        dialog.scrollTop = 0;
    };
    app.hidePhoto = function () {
        if (!dialog.open) return;
        turn++;
        dialog.close();
        dialog.replaceChildren(); // stops a film
        if (app.grid && list.length > 1) {
            const place = app.grid.list.indexOf(list[index]);
            if (place >= 0) app.grid.focus(place);
        }
    };

    function go(step) {
        const next = list[index + step];
        if (next !== undefined) location.replace(`#/photo/${app.id(next)}`);
    }

    function button(label, sign, step) {
        const name = `round ${step > 0 ? "next" : "previous"}`;
        const isEnd = list[index + step] === undefined;
        return el(
            "button",
            { type: "button", class: name, "aria-label": label, disabled: isEnd, onclick: () => go(step) },
            sign,
        );
    }

    const position = () => (list.length > 1 ? `${app.number(index + 1)} of ${app.number(list.length)}` : "");

    function draw(ordinal) {
        const mine = ++turn;
        const hadFocus = dialog.open && dialog.contains(document.activeElement) ? document.activeElement.className : "";
        const panel = el("div", { class: "panel" }, ...app.photoFacts(ordinal, position()));
        stage = el("div", { class: "stage" }, ...media(ordinal));
        listen(stage);
        dialog.replaceChildren(
            stage,
            panel,
            button("Previous photo", "‹", -1),
            button("Next photo", "›", 1),
            el(
                "button",
                {
                    type: "button",
                    class: "round close",
                    "aria-label": "Close",
                    onclick: () => app.closePhoto(),
                },
                "×",
            ),
        );
        document.title = `${app.title(ordinal)} · ${app.first.owner}`;
        const focused = hadFocus && dialog.querySelector(`button.${hadFocus.split(" ").pop()}:enabled`);
        if (dialog.open) (focused || dialog.querySelector("h2")).focus();
        app.entry(ordinal).then(
            (entry) => {
                if (mine === turn) panel.append(...app.photoTexts(ordinal, entry));
            },
            (error) => {
                if (mine === turn) panel.append(el("p", {}, error.message));
            },
        );
    }

    function media(ordinal) {
        const film = app.film(ordinal),
            picture = app.picture(ordinal),
            title = app.title(ordinal);
        if (film) {
            const video = el("video", {
                controls: true,
                preload: "metadata",
                playsinline: true,
                poster: picture || undefined,
                "aria-label": title,
            });
            const note = el(
                "p",
                { class: "note", hidden: true },
                "This browser cannot play this film. ",
                el("a", { href: film, download: true }, "Save its file"),
                ".",
            );
            video.addEventListener("error", () => {
                note.hidden = false;
                if (!picture) return;
                video.hidden = true;
                video.before(el("img", { alt: title, src: picture, draggable: "false" }));
            });
            video.src = film;
            return [video, note];
        }
        if (!picture) return [el("p", { class: "note" }, "The file of this photo is not in the mirror.")];
        const image = el("img", { alt: title, decoding: "async", draggable: "false" });
        image.addEventListener("error", () =>
            image.replaceWith(
                el(
                    "p",
                    { class: "note" },
                    "This browser cannot show the picture. ",
                    el("a", { href: picture }, "Open its file"),
                    ".",
                ),
            ),
        );
        const thumbnail = app.thumbnail(ordinal);
        if (thumbnail) {
            // shown until the whole picture is there
            const small = el("img", { class: "small", alt: "", src: thumbnail });
            small.addEventListener("error", () => small.remove());
            image.addEventListener("load", () => small.remove());
            image.src = picture;
            return [small, image];
        }
        image.src = picture;
        return [image];
    }

    // Swipes, and a click that shows the picture in its own size
    function listen(element) {
        let from = null;
        element.addEventListener("pointerdown", (event) => {
            from = event.isPrimary && event.pointerType !== "mouse" ? [event.clientX, event.clientY] : null;
        });
        element.addEventListener("pointercancel", () => {
            from = null;
        });
        element.addEventListener("pointerup", (event) => {
            if (!from || element.classList.contains("zoomed")) return;
            const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
            from = null;
            if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) go(x < 0 === !app.isRightToLeft() ? 1 : -1);
            else if (y > 2 * SWIPE && Math.abs(y) > 2 * Math.abs(x) && dialog.scrollTop === 0) app.closePhoto();
        });
        element.addEventListener("click", (event) => {
            if (event.target.tagName === "IMG") zoom(event);
        });
    }
    function zoom(event) {
        const image = stage.querySelector("img:not(.small)");
        if (!image) return;
        const box = image.getBoundingClientRect();
        const share = event
            ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
            : [0.5, 0.5];
        if (stage.classList.toggle("zoomed")) {
            stage.scrollLeft = share[0] * stage.scrollWidth - stage.clientWidth / 2;
            stage.scrollTop = share[1] * stage.scrollHeight - stage.clientHeight / 2;
        }
    }

    dialog.addEventListener("cancel", (event) => {
        event.preventDefault();
        app.closePhoto();
    });
    dialog.addEventListener("keydown", (event) => {
        if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "VIDEO") return;
        const forward = app.isRightToLeft() ? -1 : 1;
        if (event.key === "ArrowRight") go(forward);
        else if (event.key === "ArrowLeft") go(-forward);
        else if (event.key === "Home") go(-index);
        else if (event.key === "End") go(list.length - 1 - index);
        else if (event.key === "z") zoom(null);
        else return;
        event.preventDefault();
    });
})();
