// The page of one photo: a dialog with the picture or film, its texts, and the way to the next one by key and swipe.
(function () {
  "use strict";
  const app = window.flickrMirror;
  const el = app.el;
  const SWIPE = 50;
  const dialog = document.getElementById("photo");
  let list = [], index = 0, turn = 0, stage = null;

  // Show a photo within a list of ordinals.
  app.showPhoto = function (ordinal, within) {
    list = within;
    index = Math.max(0, list.indexOf(ordinal));
    if (list[index] !== ordinal) { list = [ordinal]; index = 0; }
    draw(ordinal);
    if (!dialog.open) dialog.showModal();
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
    return el("button", { type: "button", class: name, "aria-label": label, disabled: isEnd, onclick: () => go(step) }, sign);
  }

  function draw(ordinal) {
    const mine = ++turn;
    const hadFocus = dialog.open && dialog.contains(document.activeElement) ? document.activeElement.className : "";
    const panel = el("div", { class: "panel" }, ...facts(ordinal));
    stage = el("div", { class: "stage" }, ...media(ordinal));
    listen(stage);
    dialog.replaceChildren(
      stage, panel,
      button("Previous photo", "‹", -1), button("Next photo", "›", 1),
      el("button", { type: "button", class: "round close", "aria-label": "Close", autofocus: true, onclick: () => app.closePhoto() }, "×"),
    );
    document.title = `${app.title(ordinal)} · ${app.first.owner}`;
    const focused = hadFocus && dialog.querySelector(`button.${hadFocus.split(" ").pop()}:enabled`);
    if (dialog.open) (focused || dialog.querySelector("button.close")).focus();
    app.entry(ordinal).then((entry) => { if (mine === turn) panel.append(...texts(ordinal, entry)); },
      (error) => { if (mine === turn) panel.append(el("p", {}, error.message)); });
  }

  function media(ordinal) {
    const film = app.film(ordinal), picture = app.picture(ordinal), title = app.title(ordinal);
    if (film) {
      const video = el("video", { controls: true, preload: "metadata", playsinline: true, poster: picture || undefined, "aria-label": title });
      const note = el("p", { class: "note", hidden: true }, "This browser cannot play this film. ", el("a", { href: film, download: true }, "Save its file"), ".");
      video.addEventListener("error", () => { note.hidden = false; });
      video.src = film;
      return [video, note];
    }
    if (!picture) return [el("p", { class: "note" }, "The file of this photo is not in the mirror.")];
    const image = el("img", { alt: title, decoding: "async", draggable: "false" });
    const thumbnail = app.thumbnail(ordinal);
    if (thumbnail) { // shown until the whole picture is there
      const small = el("img", { class: "small", alt: "", src: thumbnail });
      small.addEventListener("error", () => small.remove());
      image.addEventListener("load", () => small.remove());
      image.addEventListener("error", () => image.replaceWith(el("p", { class: "note" }, "This browser cannot show the picture. ", el("a", { href: picture }, "Open its file"), ".")));
      image.src = picture;
      return [small, image];
    }
    image.src = picture;
    return [image];
  }

  function facts(ordinal) {
    const [license, address] = app.license(ordinal);
    const place = app.place(ordinal);
    const rows = [
      ["Taken", app.takenText(ordinal)],
      ["Uploaded", app.date(app.uploaded(ordinal))],
      ["Licence", address ? el("a", { href: address, rel: "noreferrer noopener license", target: "_blank" }, license) : license],
      ["Place", place && el("a", { href: `#/map/9/${place[0].toFixed(4)}/${place[1].toFixed(4)}` }, app.degrees(place[0], place[1]))],
      ["Seen", app.value("views", ordinal) && app.counted(app.value("views", ordinal), "time")],
      ["Favourite of", app.value("faves", ordinal) && app.counted(app.value("faves", ordinal), "person", "people")],
    ];
    return [
      el("p", { class: "position" }, list.length > 1 ? `${app.number(index + 1)} of ${app.number(list.length)}` : ""),
      el("h2", { id: "photo-title", dir: "auto" }, app.title(ordinal)),
      app.isGone(ordinal) ? el("p", { class: "warning" }, "This photo is gone from Flickr.") : null,
      app.isPrivate(ordinal) ? el("p", { class: "warning" }, "This photo is not public on Flickr.") : null,
      el("dl", {}, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    ].filter(Boolean);
  }

  function texts(ordinal, entry) {
    const parts = [];
    const [owner, name] = entry.owner || [];
    if (owner) parts.push(el("p", {}, "By ", el("a", { href: `https://www.flickr.com/people/${owner}/`, rel: "noreferrer noopener", target: "_blank", dir: "auto" }, name || owner)));
    if (entry.description) parts.push(el("div", { class: "text", dir: "auto" }, ...app.nodes(entry.description)));
    if (entry.tags) {
      parts.push(el("h3", {}, "Tags"), el("ul", { class: "tags" }, ...entry.tags.map((tag) => el("li", {}, el("a", { href: `#/tag/${encodeURIComponent(tag)}`, dir: "auto" }, tag)))));
    }
    const albums = el("div", {});
    parts.push(albums);
    app.albumsWith(ordinal).then((found) => {
      if (found.length) albums.append(el("h3", {}, "Albums"), el("ul", {}, ...found.map((album) => el("li", {}, el("a", { href: `#/album/${album[0]}`, dir: "auto" }, album[1] || "Untitled")))));
    });
    if (entry.notes) parts.push(el("h3", {}, "Notes on the picture"), el("ul", {}, ...entry.notes.map((note) => el("li", { class: "text", dir: "auto" }, note))));
    if (entry.comments) parts.push(el("h3", {}, app.counted(entry.comments.length, "comment")), el("ol", { class: "comments" }, ...entry.comments.map(comment)));
    const [width, height] = [app.value("width", ordinal), app.value("height", ordinal)];
    const size = width && height ? `${app.number(width)} × ${app.number(height)} pixels` : "";
    const bytes = { image: app.value("bytes", ordinal), video: entry.filmBytes };
    const links = [["image", app.picture(ordinal), "Picture"], ["video", app.film(ordinal), "Film"]].filter(([, address]) => address)
      .map(([kind, address, name]) => el("li", {}, el("a", { href: address }, name), ` ${[kind === "image" && size, bytes[kind] && app.size(bytes[kind])].filter(Boolean).join(", ")}`));
    const page = `https://www.flickr.com/photos/${owner || app.first.nsid}/${app.id(ordinal)}/`;
    parts.push(el("h3", {}, "Files"), el("ul", {}, ...links, el("li", {}, el("a", { href: page, rel: "noreferrer noopener", target: "_blank" }, "On Flickr"))));
    return parts;
  }

  function comment([author, name, date, nodes]) {
    return el("li", {}, el("p", { class: "by" }, el("b", { dir: "auto" }, name || author), date ? ` · ${app.date(date)}` : ""), el("div", { class: "text", dir: "auto" }, ...app.nodes(nodes)));
  }

  // Swipes, and a click that shows the picture in its own size
  function listen(element) {
    let from = null;
    element.addEventListener("pointerdown", (event) => { from = event.isPrimary && event.pointerType !== "mouse" ? [event.clientX, event.clientY] : null; });
    element.addEventListener("pointercancel", () => { from = null; });
    element.addEventListener("pointerup", (event) => {
      if (!from || element.classList.contains("zoomed")) return;
      const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
      from = null;
      if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) go((x < 0) === !app.isRightToLeft() ? 1 : -1);
      else if (y > 2 * SWIPE && Math.abs(y) > 2 * Math.abs(x) && dialog.scrollTop === 0) app.closePhoto();
    });
    element.addEventListener("click", (event) => { if (event.target.tagName === "IMG") zoom(event); });
  }
  function zoom(event) {
    const image = stage.querySelector("img:not(.small)");
    if (!image) return;
    const box = image.getBoundingClientRect();
    const share = event ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height] : [0.5, 0.5];
    if (stage.classList.toggle("zoomed")) {
      stage.scrollLeft = share[0] * stage.scrollWidth - stage.clientWidth / 2;
      stage.scrollTop = share[1] * stage.scrollHeight - stage.clientHeight / 2;
    }
  }

  dialog.addEventListener("cancel", (event) => { event.preventDefault(); app.closePhoto(); });
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
