// A map of coast lines with the photos in clusters. The clusters are a list of links, so keyboard and screen readers use them.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const el = app.el;
    const CELL = 56,
        MOST_ZOOM = 14;

    app.degrees = (latitude, longitude) =>
        `${Math.abs(latitude).toFixed(2)}° ${latitude < 0 ? "S" : "N"}, ${Math.abs(longitude).toFixed(2)}° ${longitude < 0 ? "W" : "E"}`;

    // Mercator: the world is a square of side 1
    const toX = (longitude) => longitude / 360 + 0.5;
    const toY = (latitude) => {
        const sine = Math.sin((Math.max(-85, Math.min(85, latitude)) * Math.PI) / 180);
        return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    };
    const toLongitude = (x) => (x - 0.5) * 360;
    const toLatitude = (y) => (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;

    let paths = null;
    async function land() {
        if (paths) return paths;
        const { steps, rings } = await app.once("land");
        const raw = atob(rings);
        let at = 0;
        const number = () => {
            let value = 0,
                shift = 0,
                byte;
            do {
                byte = raw.charCodeAt(at++);
                value |= (byte & 127) << shift;
                shift += 7;
            } while (byte > 127);
            return value & 1 ? -((value + 1) >> 1) : value >> 1;
        };
        paths = [];
        while (at < raw.length) {
            const line = new Float64Array(2 * number());
            let x = 0,
                y = 0;
            for (let index = 0; index < line.length; index += 2) {
                x += number();
                y += number();
                line[index] = toX(x / steps);
                line[index + 1] = toY(y / steps);
            }
            paths.push(line);
        }
        return paths;
    }

    let points = null;
    function pointsOf() {
        if (points && points.columns === app.columns) return points;
        const list = [...app.all()].filter((ordinal) => app.place(ordinal));
        points = { columns: app.columns, list, x: new Float64Array(list.length), y: new Float64Array(list.length) };
        list.forEach((ordinal, index) => {
            const [latitude, longitude] = app.place(ordinal);
            points.x[index] = toX(longitude);
            points.y[index] = toY(latitude);
        });
        return points;
    }

    // Where all photos are in view: zoom and the middle, in the square
    function whole(box, { x, y, list }) {
        if (!list.length) return { zoom: 1, x: 0.5, y: 0.45 };
        const range = (values) => {
            const sorted = [...values].sort((a, b) => a - b);
            return [sorted[Math.floor(sorted.length * 0.01)], sorted[Math.floor((sorted.length - 1) * 0.99)]];
        };
        const [x0, x1] = range(x),
            [y0, y1] = range(y);
        const zoom = Math.min(
            Math.log2((box.width * 0.8) / 256 / Math.max(x1 - x0, 1e-4)),
            Math.log2((box.height * 0.8) / 256 / Math.max(y1 - y0, 1e-4)),
        );
        return { zoom: Math.max(0, Math.min(9, zoom)), x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
    }

    const diameterOf = (count, most) =>
        count === 1 ? 14 : Math.min(48, 24 + (24 * Math.log(count)) / Math.log(most + 1));

    // Clusters whose circles would overlap become one.
    function joined(cells, most) {
        const found = [];
        for (const cell of cells) {
            const near = found.find((other) => {
                const apart = Math.hypot(other.x / other.count - cell.x / cell.count, other.y / other.count - cell.y / cell.count);
                return apart < (diameterOf(other.count, most) + diameterOf(cell.count, most)) / 2;
            });
            if (!near) {
                found.push(cell);
                continue;
            }
            near.count += cell.count;
            near.x += cell.x;
            near.y += cell.y;
            near.boxes.push(...cell.boxes);
        }
        return found;
    }

    app.views.map = async function (view, [zoom, latitude, longitude]) {
        const [lines, all] = [await land(), pointsOf()];
        app.heading("Map", `${app.counted(all.list.length, "photo")} with a place`);
        const canvas = el("canvas", { "aria-hidden": true });
        const clusters = el("ul", { class: "clusters", "aria-label": "Places with photos, most photos first" });
        const tool = (label, sign, action) =>
            el("button", { type: "button", "aria-label": label, onclick: action }, sign);
        const tools = el(
            "div",
            { class: "tools" },
            tool("Zoom in", "+", () => change(1)),
            tool("Zoom out", "−", () => change(-1)),
            tool("All photos", "⤢", () => {
                place = whole(box.getBoundingClientRect(), all);
                draw();
            }),
        );
        const box = el(
            "div",
            { class: "map", tabindex: 0, role: "group", "aria-label": "Map. Arrow keys move it, plus and minus zoom." },
            canvas,
            clusters,
            tools,
        );
        view.replaceChildren(
            box,
            el(
                "p",
                { class: "note" },
                "Only coast lines: the map works without a network, and has no streets. Land: Natural Earth.",
            ),
        );
        let place =
            zoom === undefined
                ? whole(box.getBoundingClientRect(), all)
                : { zoom: Number(zoom) || 0, x: toX(Number(longitude) || 0), y: toY(Number(latitude) || 0) };
        let frame = 0,
            saving = 0;

        function redraw() {
            if (!frame)
                frame = requestAnimationFrame(() => {
                    frame = 0;
                    draw();
                });
        }

        function draw() {
            if (!box.isConnected) return;
            const { clientWidth: width, clientHeight: height } = box;
            const density = devicePixelRatio || 1;
            place.zoom = Math.max(Math.log2(height / 256) - 0.5, Math.min(MOST_ZOOM, place.zoom));
            const scale = 256 * 2 ** place.zoom;
            place.x -= Math.floor(place.x);
            const half = Math.min(0.5, height / 2 / scale);
            place.y = Math.max(half, Math.min(1 - half, place.y));
            const left = place.x - width / 2 / scale,
                top = place.y - height / 2 / scale;
            canvas.width = width * density;
            canvas.height = height * density;
            const context = canvas.getContext("2d");
            const style = getComputedStyle(box);
            context.scale(density, density);
            context.fillStyle = style.getPropertyValue("--land");
            context.strokeStyle = style.getPropertyValue("--coast");
            context.beginPath();
            for (let shift = Math.floor(left); shift <= Math.floor(left + width / scale); shift++) {
                for (const line of lines) {
                    context.moveTo((line[0] + shift - left) * scale, (line[1] - top) * scale);
                    for (let index = 2; index < line.length; index += 2)
                        context.lineTo((line[index] + shift - left) * scale, (line[index + 1] - top) * scale);
                    context.closePath();
                }
            }
            context.fill("evenodd");
            context.stroke();
            drawClusters(left, top, scale, width, height);
            clearTimeout(saving);
            saving = setTimeout(() => {
                if (box.isConnected && location.hash.startsWith("#/map"))
                    app.replaceRoute(
                        `#/map/${place.zoom.toFixed(2)}/${toLatitude(place.y).toFixed(4)}/${toLongitude(place.x).toFixed(4)}`,
                    );
            }, 300);
        }

        function drawClusters(left, top, scale, width, height) {
            const cells = new Map();
            const size = CELL / scale;
            for (let index = 0; index < all.list.length; index++) {
                const px = all.x[index] - left,
                    x = (px - Math.floor(px)) * scale,
                    y = (all.y[index] - top) * scale;
                if (x > width || y < 0 || y > height) continue;
                const column = Math.floor(all.x[index] / size),
                    row = Math.floor(all.y[index] / size);
                const key = column * 1e7 + row;
                const cell = cells.get(key);
                if (cell) {
                    cell.count++;
                    cell.x += x;
                    cell.y += y;
                } else cells.set(key, { count: 1, x, y, boxes: [[column, row]], first: all.list[index] });
            }
            const ranked = [...cells.values()].sort((a, b) => b.count - a.count).slice(0, 300);
            const most = ranked.length ? ranked[0].count : 1;
            const found = joined(ranked, most);
            const focused = clusters.contains(document.activeElement)
                ? document.activeElement.getAttribute("href")
                : null;
            clusters.replaceChildren(
                ...found.map((cell) => {
                    const boxes = cell.boxes.map(([column, row]) =>
                        [
                            toLatitude((row + 1) * size),
                            toLongitude(column * size),
                            toLatitude(row * size),
                            toLongitude((column + 1) * size),
                        ].map((value) => value.toFixed(5)),
                    );
                    const href = cell.count === 1 ? `#/photo/${app.id(cell.first)}` : `#/place/${boxes.join(";")}`;
                    const [south, west, north, east] = boxes[0].map(Number);
                    const words = `${cell.count === 1 ? app.title(cell.first) : app.counted(cell.count, "photo")} near ${app.degrees((north + south) / 2, (west + east) / 2)}`;
                    const link = el(
                        "a",
                        { href, "aria-label": words, title: words },
                        cell.count === 1
                            ? ""
                            : cell.count < 1000
                              ? String(cell.count)
                              : `${Math.round(cell.count / 1000)}k`,
                    );
                    const item = el("li", {}, link);
                    item.style.left = `${cell.x / cell.count}px`;
                    item.style.top = `${cell.y / cell.count}px`;
                    item.style.setProperty("--size", `${diameterOf(cell.count, most)}px`);
                    return item;
                }),
            );
            if (focused) {
                const again = [...clusters.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
                (again || box).focus();
            }
        }

        function change(step, x = box.clientWidth / 2, y = box.clientHeight / 2) {
            const before = 256 * 2 ** place.zoom;
            const zoom = Math.max(0, Math.min(MOST_ZOOM, place.zoom + step));
            const after = 256 * 2 ** zoom;
            place.x += (x - box.clientWidth / 2) * (1 / before - 1 / after);
            place.y += (y - box.clientHeight / 2) * (1 / before - 1 / after);
            place.zoom = zoom;
            redraw();
        }
        const move = (x, y) => {
            const scale = 256 * 2 ** place.zoom;
            place.x -= x / scale;
            place.y -= y / scale;
            redraw();
        };
        app.listenToMap(box, move, change);
        const observer = new ResizeObserver(() => (box.isConnected ? redraw() : observer.disconnect()));
        observer.observe(box);
        draw();
    };

    app.views.place = async function (view, [text]) {
        const boxes = text.split(";").map((box) => box.split(",").map(Number));
        const [south, west, north, east] = boxes[0];
        const isIn = ([latitude, longitude], [south, west, north, east]) =>
            latitude >= south - 1e-5 &&
            latitude <= north + 1e-5 &&
            longitude >= west - 1e-5 &&
            longitude <= east + 1e-5;
        const list = [...app.all()].filter((ordinal) => {
            const place = app.place(ordinal);
            return place && boxes.some((box) => isIn(place, box));
        });
        app.showGrid(view, list, {
            title: `Photos near ${app.degrees((south + north) / 2, (west + east) / 2)}`,
            extra: el("a", { href: `#/map/9/${(south + north) / 2}/${(west + east) / 2}` }, "On the map"),
        });
    };
})();
