// Shows the newest photos at once, and the whole stream as soon as its columns are read.
(function () {
    "use strict";
    const app = window.flickrMirror;

    async function start() {
        await app.open();
        // the columns are read after the first photos are painted
        app.whole = new Promise((resolve, reject) => {
            requestAnimationFrame(() => setTimeout(() => app.openAll().then(resolve, reject)));
        });
        app.whole.catch((error) => app.say(error.message));
        await app.start();
        performance.mark("first photos");
        await app.whole;
        const grid = app.grid;
        if (
            grid &&
            document.body.dataset.view === "" &&
            (app.order || "newest") === "newest" &&
            grid.list.length !== app.first.total
        ) {
            grid.setList(app.all());
            app.showYears(grid);
            grid.resize();
            const top = history.state && history.state.top;
            if (top) grid.scrollTo(top);
        }
        performance.mark("all photos");
        app.isWhole = true;
    }
    start();
})();
