// Builds elements. Nothing from a mirror is ever parsed as HTML: texts become text nodes, nodes become elements.
(function () {
    "use strict";
    const app = (window.flickrMirror = window.flickrMirror || {});
    const SVG = "http://www.w3.org/2000/svg";

    function fill(element, attributes, children) {
        for (const [name, value] of Object.entries(attributes || {})) {
            if (value === undefined || value === null || value === false) continue;
            if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
            else element.setAttribute(name, value === true ? "" : value);
        }
        element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
        return element;
    }

    // el("a", {href: "#/"}, "Text", ...): an element with attributes, listeners (onclick) and children.
    app.el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
    app.svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

    // Flickr's HTML, reduced to nodes by the builder: a string, or a list of strings and ["a", address, ...], ["b", ...].
    const NAMES = { b: "b", i: "i", blockquote: "blockquote", br: "br" };
    app.nodes = function (node) {
        if (typeof node === "string") return [node];
        return (node || []).map((child) => {
            if (typeof child === "string") return child;
            if (child[0] === "a") {
                const isWeb = /^https?:\/\//i.test(child[1]);
                const rest = app.nodes(child.slice(2));
                return isWeb
                    ? app.el("a", { href: child[1], rel: "noreferrer noopener", target: "_blank" }, ...rest)
                    : app.el("span", {}, ...rest);
            }
            return app.el(NAMES[child[0]] || "span", {}, ...app.nodes(child.slice(1)));
        });
    };

    const numbers = new Intl.NumberFormat("en");
    app.number = (value) => numbers.format(value);
    app.counted = (value, one, many) => `${app.number(value)} ${value === 1 ? one : many || one + "s"}`;
    app.size = (bytes) =>
        bytes < 1e6
            ? `${Math.max(1, Math.round(bytes / 1e3))} kB`
            : bytes < 1e9
              ? `${(bytes / 1e6).toFixed(1)} MB`
              : `${(bytes / 1e9).toFixed(1)} GB`;

    const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const month = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
    app.date = (seconds) => day.format(new Date(seconds * 1000));

    // The time a photo was taken, as exact as it is known: 0 to the second, 4 to the month, 6 to the year, 8 circa.
    app.taken = function (minutes, exact) {
        const date = new Date(minutes * 60000);
        const year = String(date.getUTCFullYear());
        if (exact === 8) return `about ${year}`;
        if (exact === 6) return year;
        if (exact === 4) return month.format(date);
        const time = date.toISOString().slice(11, 16);
        return time === "00:00" ? day.format(date) : `${day.format(date)}, ${time}`;
    };

    app.say = (text) => {
        document.getElementById("status").textContent = text;
    };
    app.isRightToLeft = () => document.documentElement.dir === "rtl";
})();
