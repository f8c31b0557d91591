/* Methods of the panel: the runs of a slide, their layers, and the way to our own viewer. */
(function () {
    'use strict';
    const shared = window.histoloop = window.histoloop || {};

    shared.runs = {
        loadRuns() {
            shared.ask('GET', `histoloop/runs?slide=${encodeURIComponent(this.item.id)}`).then(({runs}) => {
                this.runs = runs;
                this.renderRuns();
            }).catch((problem) => {
                this.misses += 1; // a poll that succeeds takes the message back
                this.fail(problem);
            });
        },

        layersOf(run) {
            return this.layers.filter((one) => ((one.get('annotation') || {}).attributes || {}).run === run);
        },

        showNewLayers() {
            const layers = this.shown ? this.layersOf(this.shown) : [];
            if (layers.length) {
                this.shown = null;
                layers.forEach((one) => one.set('displayed', true));
            }
        },

        toggleRun(event) {
            const layers = this.layersOf(event.currentTarget.dataset.run);
            const show = !layers.some((one) => one.get('displayed'));
            layers.forEach((one) => one.set('displayed', show));
            this.view.annotationSelector._debounceRender();
        },

        renderRunsSoon() {
            window.clearTimeout(this.rendering);
            this.rendering = window.setTimeout(() => this.renderRuns(), 50);
        },

        renderRuns() {
            if (this.gone) {
                return;
            }
            this.$('.hl-runs').empty().append(this.runs.map((run) => this.runRow(run)));
            this.$('.hl-none').toggleClass('hidden', this.runs.length > 0);
        },

        runRow(run) {
            const layers = this.layersOf(run.id);
            const seen = layers.some((one) => one.get('displayed'));
            const row = shared.make('li', {className: 'hl-run'});
            const toggle = shared.make('button', {
                type: 'button', className: 'hl-toggle', disabled: !layers.length,
                title: `${seen ? 'Hide' : 'Show'} the layers of this run`
            }, shared.make('span', {className: seen ? 'icon-eye' : 'icon-eye-off'}));
            toggle.dataset.run = run.id;
            const open = shared.make('button', {
                type: 'button', className: 'hl-open', title: 'Open this run in HistoLoop'
            }, shared.make('span', {className: 'icon-link-ext'}));
            open.dataset.run = run.id;
            const swatches = shared.make('span', {className: 'hl-swatches'}, ...(run.classes || []).map(swatch));
            row.append(toggle, swatches, shared.make('div', {className: 'hl-what'},
                shared.make('div', {className: 'hl-name', textContent: run.model, title: run.model}),
                shared.make('div', {className: 'hl-when', textContent: aboutRun(run)})), open);
            return row;
        },

        /* The same place in our own viewer. */
        openViewer(event) {
            const place = new URLSearchParams({slide: this.item.id});
            const map = this.view.viewer;
            const seen = map.bounds();
            const center = map.center();
            place.set('x', center.x.toFixed(1));
            place.set('y', center.y.toFixed(1));
            place.set('zoom', (map.size().width / (seen.right - seen.left)).toPrecision(5));
            if (event.currentTarget.dataset.run) {
                place.set('run', event.currentTarget.dataset.run);
            }
            window.open(`${this.viewer}/#${place}`, '_blank', 'noopener');
        }
    };

    function swatch({name, color}) {
        const element = shared.make('span', {className: 'hl-swatch', title: name});
        element.style.backgroundColor = color; // what is no colour is ignored
        return element;
    }

    function aboutRun(run) {
        const when = new Date(run.created).toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'});
        const where = run.roi ? 'region' : 'whole slide';
        const state = run.state === 'done' ? '' : `, ${run.state}`;
        return `${when}, ${where}, ≥ ${run.threshold.toFixed(2)}${state}`;
    }
})();
