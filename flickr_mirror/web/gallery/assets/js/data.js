// Loads the data files and reads the columns. A photo is its ordinal: its place from the oldest upload on.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const waiting = {};
    const loaded = {};
    const UNKNOWN = -2147483648;
    const VIDEO = 1,
        GONE = 2,
        PRIVATE = 4,
        PICTURE = 8;
    const TYPES = {
        width: Uint16Array,
        height: Uint16Array,
        bytes: Uint32Array,
        uploaded: Uint32Array,
        taken: Int32Array,
        exact: Uint8Array,
        latitude: Int32Array,
        longitude: Int32Array,
        license: Uint8Array,
        views: Uint32Array,
        faves: Uint32Array,
        comments: Uint32Array,
        flags: Uint8Array,
        image: Uint8Array,
        film: Uint8Array,
    };

    // Every data file calls this with its name and its data as JSON.
    app.load = function (name, text) {
        loaded[name] = text;
        if (waiting[name]) waiting[name]();
    };

    // Return a promise of the data in a file. The scripts of files that are not kept are removed after they are read.
    app.need = function (name) {
        return new Promise((resolve, reject) => {
            const finish = () => {
                const text = loaded[name];
                delete loaded[name];
                delete waiting[name];
                resolve(JSON.parse(text));
            };
            if (name in loaded) return finish();
            waiting[name] = finish;
            const file = name === "land" ? "js/land.js" : `data/${name}.js`;
            const script = app.el("script", { src: `${file}?${app.first ? app.first.build : ""}` });
            script.onload = () => script.remove();
            script.onerror = () => {
                delete waiting[name];
                script.remove();
                reject(new Error(`Cannot read data/${name}.js.`));
            };
            document.head.append(script);
        });
    };

    // A file that is read once and kept.
    const kept = {};
    app.once = (name) => (kept[name] = kept[name] || app.need(name));

    // A few of the files of texts, the last ones used.
    const shards = new Map();
    app.shard = async function (number) {
        let entries = shards.get(number);
        if (entries) shards.delete(number);
        else entries = await app.need(`text/${number}`);
        shards.set(number, entries);
        if (shards.size > 6) shards.delete(shards.keys().next().value);
        return entries;
    };
    app.entry = async function (ordinal) {
        const size = app.first.shardSize;
        const entries = await app.shard(Math.floor(ordinal / size));
        return entries[ordinal % size] || {};
    };

    function numbers(text, Type) {
        const raw = atob(text);
        const bytes = new Uint8Array(raw.length);
        for (let index = 0; index < raw.length; index++) bytes[index] = raw.charCodeAt(index);
        return new Type(bytes.buffer);
    }

    app.readColumns = function (table, titles) {
        const columns = {
            start: table.start,
            ids: table.ids ? table.ids.split(" ") : [],
            titles,
            licenses: table.licenses,
            extensions: table.extensions,
        };
        for (const [name, Type] of Object.entries(TYPES)) columns[name] = numbers(table[name], Type);
        app.columns = columns;
        places = null;
    };

    // Facts of one photo, by its ordinal
    const at = (name) => (ordinal) => app.columns[name][ordinal - app.columns.start];
    app.id = at("ids");
    app.ratio = (ordinal) => (at("width")(ordinal) || 4) / (at("height")(ordinal) || (at("width")(ordinal) ? 1 : 3));
    app.uploaded = at("uploaded");
    app.title = (ordinal) => at("titles")(ordinal).trim() || "Untitled";
    const flag = (bit) => (ordinal) => (at("flags")(ordinal) & bit) !== 0;
    app.isFilm = flag(VIDEO);
    app.isGone = flag(GONE);
    app.isPrivate = flag(PRIVATE);
    app.hasPicture = flag(PICTURE);
    app.value = (name, ordinal) => at(name)(ordinal);
    app.license = (ordinal) => app.columns.licenses[at("license")(ordinal)] || ["unknown", ""];
    app.takenText = function (ordinal) {
        const minutes = at("taken")(ordinal);
        return minutes === UNKNOWN ? "" : app.taken(minutes, at("exact")(ordinal));
    };
    app.takenYear = function (ordinal) {
        const minutes = at("taken")(ordinal);
        return minutes === UNKNOWN ? 0 : new Date(minutes * 60000).getUTCFullYear();
    };
    app.place = function (ordinal) {
        const latitude = at("latitude")(ordinal);
        const longitude = at("longitude")(ordinal);
        return latitude === UNKNOWN || longitude === UNKNOWN ? null : [latitude / 1e5, longitude / 1e5];
    };

    let places = null;
    app.ordinal = function (id) {
        if (!places) places = new Map(app.columns.ids.map((key, index) => [key, index + app.columns.start]));
        return places.get(id);
    };

    // Addresses of files
    function file(id, extension) {
        const name = app.md5(`flickr.${id}`);
        const folders = name
            .slice(0, app.first.depth)
            .split("")
            .map((digit) => `${digit}/`)
            .join("");
        return `${app.first.base}${folders}${name}.${extension}`;
    }
    app.thumbnail = (ordinal) =>
        app.first.thumbnails ? `thumbs/${app.id(ordinal).slice(-2)}/${app.id(ordinal)}.jpg` : "";
    app.picture = (ordinal) =>
        app.hasPicture(ordinal) ? file(app.id(ordinal), app.columns.extensions[at("image")(ordinal)]) : "";
    app.film = function (ordinal) {
        const extension = app.columns.extensions[at("film")(ordinal)];
        return extension ? file(app.id(ordinal), extension) : "";
    };

    // All photos, newest upload first; only the newest ones until the columns are there
    app.all = function () {
        const { start, ids } = app.columns;
        const list = new Uint32Array(ids.length);
        for (let index = 0; index < list.length; index++) list[index] = start + ids.length - 1 - index;
        return list;
    };

    app.open = async function () {
        app.first = await app.need("first");
        app.readColumns(app.first.columns, app.first.titles);
    };
    app.openAll = async function () {
        if (app.columns.start === 0) return;
        const [table, titles] = await Promise.all([app.need("columns"), app.need("titles")]);
        app.readColumns(table, titles);
    };
})();
