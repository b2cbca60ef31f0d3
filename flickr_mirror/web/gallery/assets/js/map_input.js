// Moves and zooms the map by mouse, touch and keys.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const STEP = 80;

    // `move(x, y)` moves the map by pixels, `change(step, x, y)` zooms it around a point.
    app.listenToMap = function (box, move, change) {
        const pointers = new Map();
        let moved = 0;
        const distance = () => {
            const [a, b] = [...pointers.values()];
            return Math.hypot(a.x - b.x, a.y - b.y);
        };
        box.addEventListener("pointerdown", (event) => {
            if (event.target.closest(".tools") || event.button > 0) return;
            pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
            moved = 0;
        });
        box.addEventListener("pointermove", (event) => {
            const last = pointers.get(event.pointerId);
            if (!last) return;
            const before = pointers.size === 2 ? distance() : 0;
            const [x, y] = [event.clientX - last.x, event.clientY - last.y];
            last.x = event.clientX;
            last.y = event.clientY;
            moved += Math.abs(x) + Math.abs(y);
            if (moved > 6 && !box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
            move(x / pointers.size, y / pointers.size);
            if (before) {
                const frame = box.getBoundingClientRect();
                const [a, b] = [...pointers.values()];
                change(Math.log2(distance() / before), (a.x + b.x) / 2 - frame.left, (a.y + b.y) / 2 - frame.top);
            }
        });
        for (const name of ["pointerup", "pointercancel"])
            box.addEventListener(name, (event) => pointers.delete(event.pointerId));
        box.addEventListener(
            "click",
            (event) => {
                if (moved > 6) event.preventDefault();
                moved = 0;
            },
            true,
        );
        box.addEventListener("dragstart", (event) => event.preventDefault());
        box.addEventListener(
            "wheel",
            (event) => {
                event.preventDefault();
                const frame = box.getBoundingClientRect();
                change(-event.deltaY / 300, event.clientX - frame.left, event.clientY - frame.top);
            },
            { passive: false },
        );
        box.addEventListener("keydown", (event) => {
            const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
            if (event.altKey || event.ctrlKey || event.metaKey) return;
            if (event.key in moves) move(...moves[event.key]);
            else if (event.key === "+" || event.key === "=") change(1);
            else if (event.key === "-") change(-1);
            else return;
            event.preventDefault();
        });
    };
})();
