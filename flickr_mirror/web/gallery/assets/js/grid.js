// A justified grid of any number of photos. Only the rows near the window are in the document.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const GAP = 4;
    const LEAST_HEIGHT = 40;
    const header = () => document.getElementById("header");

    // Return where each row begins in the list, its top and its height.
    function layout(list, width, target) {
        const starts = [],
            tops = [],
            heights = [];
        let top = 0,
            first = 0,
            sum = 0;
        for (let index = 0; index < list.length; index++) {
            sum += Math.min(3, Math.max(0.5, app.ratio(list[index])));
            const space = width - GAP * (index - first);
            if (sum * target >= space || index === list.length - 1) {
                const height = Math.max(LEAST_HEIGHT, Math.min(target * 1.15, space / sum));
                starts.push(first);
                tops.push(top);
                heights.push(height);
                top += height + GAP;
                first = index + 1;
                sum = 0;
            }
        }
        starts.push(list.length);
        return { starts, tops, heights, total: top };
    }
    app.layout = layout;

    app.Grid = class {
        // A grid of a list of ordinals in an element; `label` names it for screen readers.
        constructor(holder, list, label) {
            this.list = list;
            this.rows = new Map();
            this.active = 0;
            this.element = app.el("div", { class: "grid", role: "grid", "aria-label": label, "aria-readonly": "true" });
            this.element.addEventListener("keydown", (event) => this.onKey(event));
            this.element.addEventListener("focusin", (event) => this.onFocus(event));
            holder.replaceChildren(this.element);
            this.onScroll = () => {
                if (!this.frame)
                    this.frame = requestAnimationFrame(() => {
                        this.frame = 0;
                        this.draw();
                    });
            };
            addEventListener("scroll", this.onScroll, { passive: true });
            this.observer = new ResizeObserver(() => this.resize());
            this.observer.observe(this.element);
            this.resize();
        }

        close() {
            removeEventListener("scroll", this.onScroll);
            this.observer.disconnect();
        }

        setList(list) {
            this.list = list;
            this.width = 0;
            this.active = Math.min(this.active, Math.max(0, list.length - 1));
            this.resize();
        }

        resize() {
            const width = this.element.clientWidth;
            if (!width || width === this.width) return;
            const top = this.width ? this.topIndex() : 0;
            const moved = this.width && scrollY > this.offset();
            this.width = width;
            this.rowHeight = width < 600 ? 130 : width < 1000 ? 180 : 220;
            this.table = layout(this.list, width, this.rowHeight);
            this.element.style.height = `${this.table.total}px`;
            this.element.setAttribute("aria-rowcount", this.table.tops.length);
            for (const row of this.rows.values()) row.remove();
            this.rows.clear();
            if (moved) this.scrollTo(top);
            this.draw();
        }

        offset() {
            return this.element.getBoundingClientRect().top + scrollY;
        }

        rowAt(y) {
            const tops = this.table.tops;
            let low = 0,
                high = tops.length - 1;
            while (low < high) {
                const middle = (low + high + 1) >> 1;
                if (tops[middle] <= y) low = middle;
                else high = middle - 1;
            }
            return low;
        }

        rowOf(index) {
            const starts = this.table.starts;
            let low = 0,
                high = starts.length - 2;
            while (low < high) {
                const middle = (low + high + 1) >> 1;
                if (starts[middle] <= index) low = middle;
                else high = middle - 1;
            }
            return Math.max(0, low);
        }

        // The place in the list of the photo at the top of the window, below the header
        topIndex() {
            const hidden = scrollY - this.offset() + header().offsetHeight;
            return this.table.starts[this.rowAt(hidden + LEAST_HEIGHT / 2)] || 0;
        }

        scrollTo(index) {
            if (!this.list.length) return;
            scrollTo(0, this.offset() + this.table.tops[this.rowOf(index)] - header().offsetHeight - GAP);
            this.draw();
        }

        draw() {
            const table = this.table;
            if (!table) return;
            const begin = scrollY - this.offset();
            const first = this.rowAt(begin - innerHeight);
            const last = this.rowAt(begin + 2 * innerHeight);
            const activeRow = this.rowOf(this.active);
            for (const [number, row] of this.rows) {
                if ((number < first || number > last) && !row.contains(document.activeElement)) {
                    row.remove();
                    this.rows.delete(number);
                }
            }
            for (let number = first; number <= last && number < table.tops.length; number++) {
                if (!this.rows.has(number)) this.add(number);
            }
            if (!this.rows.has(activeRow) && this.rows.size) this.setActive(table.starts[first]);
            if (this.onDraw) this.onDraw();
        }

        add(number) {
            const { starts, tops, heights } = this.table;
            const height = heights[number];
            const row = app.el("div", { class: "row", role: "row", "aria-rowindex": number + 1 });
            row.style.top = `${tops[number]}px`;
            row.style.height = `${height}px`;
            for (let index = starts[number]; index < starts[number + 1]; index++) row.append(this.cell(index, height));
            // in order of the document, for the keyboard and for screen readers
            let after = null;
            for (const [other, element] of this.rows)
                if (other > number && (!after || other < after[0])) after = [other, element];
            this.element.insertBefore(row, after && after[1]);
            this.rows.set(number, row);
        }

        cell(index, height) {
            const ordinal = this.list[index];
            const width = height * Math.min(3, Math.max(0.5, app.ratio(ordinal)));
            const title = app.title(ordinal);
            const link = app.el("a", {
                href: `#/photo/${app.id(ordinal)}`,
                tabindex: index === this.active ? 0 : -1,
                "data-index": index,
            });
            const source = app.thumbnail(ordinal);
            const fallback = () => {
                link.classList.add("plain");
                link.replaceChildren(app.el("span", { dir: "auto" }, title), ...marks(ordinal));
            };
            if (source && app.hasPicture(ordinal)) {
                const image = app.el("img", {
                    alt: title,
                    width: Math.round(width),
                    height: Math.round(height),
                    decoding: "async",
                    draggable: "false",
                });
                image.addEventListener("error", fallback);
                image.src = source;
                link.append(
                    image,
                    app.el("span", { class: "caption", dir: "auto", "aria-hidden": "true" }, title),
                    ...marks(ordinal),
                );
            } else fallback();
            const cell = app.el("div", { class: "cell", role: "gridcell" }, link);
            cell.style.width = `${width}px`;
            return cell;
        }

        link(index) {
            return this.element.querySelector(`a[data-index="${index}"]`);
        }

        setActive(index) {
            const before = this.link(this.active);
            if (before) before.tabIndex = -1;
            this.active = index;
            const now = this.link(index);
            if (now) now.tabIndex = 0;
        }

        onFocus(event) {
            const link = event.target.closest("a[data-index]");
            if (link) this.setActive(Number(link.dataset.index));
        }

        focus(index) {
            const number = this.rowOf(index);
            const top = this.offset() + this.table.tops[number];
            if (top < scrollY + header().offsetHeight) scrollTo(0, top - header().offsetHeight - GAP);
            else if (top + this.table.heights[number] > scrollY + innerHeight)
                scrollTo(0, top + this.table.heights[number] - innerHeight + GAP);
            this.draw();
            if (!this.rows.has(number)) this.add(number);
            this.setActive(index);
            this.link(index).focus({ preventScroll: true });
        }

        onKey(event) {
            if (event.altKey || event.ctrlKey || event.metaKey || !this.list.length) return;
            const forward = app.isRightToLeft() ? -1 : 1;
            const steps = { ArrowRight: forward, ArrowLeft: -forward };
            let index = this.active;
            if (event.key in steps) index += steps[event.key];
            else if (event.key === "ArrowDown" || event.key === "ArrowUp")
                index = this.vertical(event.key === "ArrowDown" ? 1 : -1);
            else if (event.key === "Home") index = 0;
            else if (event.key === "End") index = this.list.length - 1;
            else return;
            event.preventDefault();
            this.focus(Math.min(this.list.length - 1, Math.max(0, index)));
        }

        // The photo of the next row whose middle is nearest
        vertical(step) {
            const from = this.link(this.active);
            const number = this.rowOf(this.active) + step;
            if (!from || number < 0 || number >= this.table.tops.length) return this.active;
            if (!this.rows.has(number)) this.add(number);
            const middle = (box) => box.left + box.width / 2;
            const here = middle(from.getBoundingClientRect());
            const links = [...this.rows.get(number).querySelectorAll("a")];
            const distance = (link) => Math.abs(middle(link.getBoundingClientRect()) - here);
            return Number(links.reduce((best, link) => (distance(link) < distance(best) ? link : best)).dataset.index);
        }
    };

    function marks(ordinal) {
        const texts = [];
        if (app.isFilm(ordinal)) texts.push("Film");
        if (app.isGone(ordinal)) texts.push("Gone from Flickr");
        if (app.isPrivate(ordinal)) texts.push("Private");
        return texts.map((text) => app.el("span", { class: "mark" }, text));
    }
})();
