/* HistoLoop's panel in HistomicsUI. A plain script: all that it needs hangs on the global `girder`.
   Whatever a server or a person has named is written as text, never as HTML. */
(function () {
    'use strict';
    const girder = window.girder;
    const $ = girder.$ || window.$;
    const {restRequest} = girder.rest;

    const POLL_MS = 1000;
    const ENDED = ['done', 'failed', 'cancelled'];
    const WRITE = 1;

    let app = null;

    /* HistomicsUI's App calls the core App's initialize: that hands us the instance. */
    const initialize = girder.views.App.prototype.initialize;
    girder.views.App.prototype.initialize = function (...settings) {
        app = this;
        return initialize.apply(this, settings);
    };

    girder.events.on('g:appload.before', () => {
        if (!girder.plugins.histomicsui || !girder.plugins.slicer_cli_web) {
            return; // Girder's own pages have no place for a panel
        }
        const Panel = definePanel(girder.plugins.slicer_cli_web.views.Panel);
        girder.events.on('h:imageOpened', (item) => {
            window.setTimeout(() => place(Panel, item), 0); // after HistomicsUI's own panels
        });
    });

    function place(Panel, item) {
        const view = app && app.bodyView;
        if (!view || !view.$ || !view.$('#h-annotation-panel').length) {
            return;
        }
        const old = view.histoloop;
        if (old && item && old.item.id === item.id && $.contains(document.documentElement, old.el)) {
            return; // the same slide, drawn anew
        }
        if (old) {
            old.destroy();
            delete view.histoloop;
        }
        view.$('#hl-panel').remove();
        if (!item || !item.id) {
            return;
        }
        const el = $(make('div', {id: 'hl-panel', className: 'hl-panel s-panel'}));
        el.insertBefore(view.$('#h-annotation-panel'));
        view.histoloop = new Panel({el, parentView: view, item}).render();
    }

    function definePanel(Base) {
        return Base.extend({
            events: Object.assign({}, Base.prototype.events, {
                'change .hl-model': 'showNotice',
                'input .hl-threshold input': 'showThreshold',
                'change .hl-where input': 'chooseRegion',
                'click .hl-redraw': 'draw',
                'click .hl-segment': 'segment',
                'click .hl-cancel': 'cancel',
                'click .hl-toggle': 'toggleRun',
                'click .hl-open': 'openViewer'
            }),

            initialize({item, parentView}) {
                this.item = item;
                this.view = parentView;
                this.models = [];
                this.runs = [];
                this.region = null;
                this.job = null;
                this.misses = 0;
                this.shown = null; // the run whose layers are to appear
                this.viewer = '';
                this.layers = parentView.annotationSelector.collection;
                this.listenTo(this.layers, 'h:refreshed sync', this.showNewLayers);
                this.listenTo(this.layers, 'change:displayed reset sync remove', this.renderRunsSoon);
            },

            render() {
                this.el.innerHTML = SKELETON;
                this.$('.s-panel-content').collapse({toggle: false});
                this.showThreshold();
                this.load();
                return this;
            },

            destroy(...rest) {
                this.gone = true;
                window.clearTimeout(this.timer);
                window.clearTimeout(this.rendering);
                if (this.drawing) {
                    this.stopDrawing();
                }
                return Base.prototype.destroy.apply(this, rest);
            },

            /* what there is to choose from */

            load() {
                if (!girder.auth.getCurrentUser()) {
                    this.disable('Sign in to segment this slide.');
                    return;
                }
                const slide = encodeURIComponent(this.item.id);
                Promise.all([
                    ask('GET', 'histoloop/panel'),
                    ask('GET', 'histoloop/models'),
                    ask('GET', `item/${slide}/tiles`),
                    ask('GET', `histoloop/jobs?slide=${slide}`)
                ]).then(([settings, {models}, tiles, {jobs}]) => this.loaded(settings, models, tiles, jobs))
                    .catch((problem) => this.fail(problem));
            },

            loaded(settings, models, tiles, jobs) {
                if (this.gone) {
                    return;
                }
                this.viewer = settings.viewer_url;
                this.size = {width: tiles.sizeX, height: tiles.sizeY};
                this.models = models;
                const chosen = models.find((one) => [one.reference, one.name].includes(settings.default_model)) ||
                    models.find((one) => one.default) || models[0];
                this.$('.hl-model').empty().append(models.map((one) => make('option', {
                    value: one.reference, textContent: one.reference, selected: one === chosen
                })));
                this.showNotice();
                if (!models.length) {
                    this.disable('The service has no model yet.');
                } else if ((this.item.get('_accessLevel') || 0) < WRITE) {
                    this.disable('You may look at this slide, but not write to it.');
                } else {
                    this.$('.hl-segment').prop('disabled', false);
                }
                this.loadRuns();
                const going = jobs.find((one) => !ENDED.includes(one.state));
                if (going) {
                    this.follow(going);
                }
            },

            loadRuns() {
                ask('GET', `histoloop/runs?slide=${encodeURIComponent(this.item.id)}`).then(({runs}) => {
                    this.runs = runs;
                    this.renderRuns();
                }).catch((problem) => {
                    this.misses += 1; // a poll that succeeds takes the message back
                    this.fail(problem);
                });
            },

            disable(why) {
                this.$('.hl-segment').prop('disabled', true).attr('title', why);
                this.say('info', why);
            },

            showNotice() {
                const model = this.models.find((one) => one.reference === this.$('.hl-model').val());
                this.$('.hl-notice').text((model && model.notice) || '');
                this.$('.hl-model').attr('title', (model && model.summary) || '');
            },

            showThreshold() {
                this.$('.hl-threshold output').text(Number(this.$('.hl-threshold input').val()).toFixed(2));
            },

            /* where */

            chooseRegion() {
                for (const label of this.el.querySelectorAll('.hl-where label')) {
                    label.classList.toggle('active', label.control.checked);
                }
                this.stopDrawing();
                this.setRegion(null);
                if (this.where() === 'region') {
                    this.draw();
                }
            },

            where() {
                return this.$('.hl-where input:checked').val();
            },

            draw() {
                this.setRegion(null);
                this.$('.hl-region').text('Draw a rectangle on the slide.');
                const drawing = this.drawing = {};
                this.view.viewerWidget.drawRegion().then((box) => {
                    if (this.drawing === drawing) {
                        this.drawing = null;
                        this.setRegion(this.clip(...box));
                    }
                });
            },

            stopDrawing() {
                if (this.drawing) {
                    this.drawing = null;
                    const layer = this.view.viewerWidget && this.view.viewerWidget.annotationLayer;
                    if (layer) {
                        layer.mode(null);
                    }
                }
            },

            setRegion(box) {
                this.region = box;
                const place = this.$('.hl-region').empty();
                if (box) {
                    place.append(
                        document.createTextNode(`${number(box[2])} × ${number(box[3])} px `),
                        make('button', {type: 'button', className: 'btn btn-link btn-xs hl-redraw', textContent: 'draw again'})
                    );
                }
                girder.events.trigger('h:select-region', box && {
                    left: box[0], top: box[1], right: box[0] + box[2], bottom: box[1] + box[3]
                });
            },

            /* A box within the slide, or null when nothing of it is. */
            clip(left, top, width, height) {
                const x = Math.max(0, Math.floor(left));
                const y = Math.max(0, Math.floor(top));
                const w = Math.min(this.size.width, Math.ceil(left + width)) - x;
                const h = Math.min(this.size.height, Math.ceil(top + height)) - y;
                return w > 0 && h > 0 ? [x, y, w, h] : null;
            },

            /* The box to segment; null is the whole slide. Throws a problem when there is none. */
            box() {
                if (this.where() === 'slide') {
                    return null;
                }
                const seen = this.view.viewer.bounds();
                const box = this.where() === 'view'
                    ? this.clip(seen.left, seen.top, seen.right - seen.left, seen.bottom - seen.top)
                    : this.region;
                if (!box) {
                    throw this.where() === 'view'
                        ? {message: 'Nothing of the slide is in view.', hint: 'Move back to it.'}
                        : {message: 'No region is drawn.', hint: 'Choose Region and draw a rectangle on the slide.'};
                }
                return box;
            },

            /* a job */

            segment() {
                this.say();
                let roi;
                try {
                    roi = this.box();
                } catch (problem) {
                    this.fail(problem);
                    return;
                }
                this.$('.hl-segment').prop('disabled', true);
                ask('POST', 'histoloop/jobs', {
                    slide: this.item.id,
                    model: this.$('.hl-model').val(),
                    threshold: Number(this.$('.hl-threshold input').val()),
                    roi
                }).then((job) => this.follow(job)).catch((problem) => {
                    this.$('.hl-segment').prop('disabled', false);
                    this.fail(problem);
                });
            },

            follow(job) {
                if (this.gone) {
                    return;
                }
                this.job = job;
                this.misses = 0;
                this.$('.hl-segment').prop('disabled', true);
                this.$('.hl-cancel').prop('disabled', false);
                this.$('.hl-progress').removeClass('hidden');
                this.renderJob();
                this.loadRuns();
                this.pollLater();
            },

            pollLater() {
                window.clearTimeout(this.timer);
                this.timer = window.setTimeout(() => this.poll(), POLL_MS * Math.min(1 + this.misses, 8));
            },

            poll() {
                ask('GET', `histoloop/jobs/${encodeURIComponent(this.job.id)}`).then((job) => {
                    if (this.gone) {
                        return;
                    }
                    if (this.misses) {
                        this.say();
                    }
                    const moved = job.state !== this.job.state;
                    this.misses = 0;
                    this.job = job;
                    if (ENDED.includes(job.state)) {
                        this.ended();
                    } else {
                        this.renderJob();
                        this.pollLater();
                        if (moved) {
                            this.loadRuns();
                        }
                    }
                }).catch((problem) => {
                    if (this.gone) {
                        return;
                    }
                    this.misses += 1;
                    this.fail(problem);
                    if (problem.status === 404 || problem.status === 403) {
                        this.hideJob();
                    } else {
                        this.pollLater(); // it may come back, and the job with it
                    }
                });
            },

            cancel() {
                this.$('.hl-cancel').prop('disabled', true);
                this.$('.hl-message').text('stopping …');
                ask('POST', `histoloop/jobs/${encodeURIComponent(this.job.id)}/cancel`).catch((problem) => {
                    this.$('.hl-cancel').prop('disabled', false);
                    this.fail(problem);
                });
            },

            renderJob() {
                const {done, total, stage} = this.job.progress || {};
                const known = this.job.state === 'running' && total > 0;
                const share = known ? Math.min(100, 100 * done / total) : 100;
                this.$('.progress-bar').css('width', `${share}%`)
                    .toggleClass('progress-bar-striped active', !known)
                    .attr('aria-valuenow', known ? Math.round(share) : null);
                if (!this.$('.hl-cancel').prop('disabled')) {
                    this.$('.hl-message').text(known ? tiles(this.job.progress) : (stage || this.job.state));
                }
            },

            hideJob() {
                this.job = null;
                this.$('.hl-progress').addClass('hidden');
                this.$('.hl-segment').prop('disabled', false);
            },

            ended() {
                const {state, failure, run} = this.job;
                this.hideJob();
                this.setRegion(this.where() === 'region' ? this.region : null);
                if (state === 'failed') {
                    this.fail({message: (failure && failure.cause) || 'The segmentation failed.', hint: failure && failure.hint});
                } else if (state === 'cancelled') {
                    this.say('info', 'Cancelled.');
                } else {
                    this.say('success', 'Done: a prediction, not reviewed by a person.');
                    this.shown = run;
                    this.view.annotationSelector._refreshAnnotations();
                }
                this.loadRuns();
            },

            fail({message, hint}) {
                this.say('danger', message, hint);
            },

            say(kind, message, hint) {
                this.$('.hl-outcome').attr('class', `hl-outcome alert alert-${kind || 'info'} ${message ? '' : 'hidden'}`);
                this.$('.hl-what-happened').text(message || '');
                this.$('.hl-hint').text(hint || '');
            },

            /* runs and their layers */

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
                const row = make('li', {className: 'hl-run'});
                const toggle = make('button', {
                    type: 'button', className: 'hl-toggle', disabled: !layers.length,
                    title: `${seen ? 'Hide' : 'Show'} the layers of this run`
                }, make('span', {className: seen ? 'icon-eye' : 'icon-eye-off'}));
                toggle.dataset.run = run.id;
                const open = make('button', {
                    type: 'button', className: 'hl-open', title: 'Open this run in HistoLoop'
                }, make('span', {className: 'icon-link-ext'}));
                open.dataset.run = run.id;
                const swatches = make('span', {className: 'hl-swatches'}, ...(run.classes || []).map(swatch));
                row.append(toggle, swatches, make('div', {className: 'hl-what'},
                    make('div', {className: 'hl-name', textContent: run.model, title: run.model}),
                    make('div', {className: 'hl-when', textContent: aboutRun(run)})), open);
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
        });
    }

    const SKELETON = `
      <div class="s-panel-title-container">
        <span class="s-panel-title h-panel-title"><span class="icon-magic"></span> HistoLoop</span>
        <span class="s-panel-controls"><i class="icon-up-open"></i></span>
      </div>
      <div class="s-panel-content collapse in">
        <div class="hl-row">
          <label for="hl-model">Model</label>
          <select id="hl-model" class="form-control input-sm hl-model"></select>
        </div>
        <p class="hl-notice"></p>
        <div class="hl-row hl-threshold" title="How sure the model must be of a class">
          <label for="hl-threshold">Threshold</label>
          <input id="hl-threshold" type="range" min="0.05" max="0.95" step="0.05" value="0.5"><output></output>
        </div>
        <div class="hl-row">
          <span class="hl-label">Where</span>
          <div class="btn-group btn-group-justified btn-group-sm hl-where" role="radiogroup" aria-label="Where">
            <label class="btn btn-default active" title="All of the tissue"><input type="radio" name="hl-where" value="slide" checked> Slide</label>
            <label class="btn btn-default" title="What the viewer shows"><input type="radio" name="hl-where" value="view"> View</label>
            <label class="btn btn-default" title="A rectangle that you draw"><input type="radio" name="hl-where" value="region"> Region</label>
          </div>
        </div>
        <div class="hl-region"></div>
        <div class="hl-buttons">
          <button type="button" class="btn btn-sm btn-primary hl-segment" disabled><i class="icon-play"></i> Segment</button>
          <button type="button" class="btn btn-link btn-sm hl-open" title="The same place in HistoLoop's viewer">Open in HistoLoop <i class="icon-link-ext"></i></button>
        </div>
        <div class="hl-progress hidden">
          <div class="progress"><div class="progress-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"></div></div>
          <div class="hl-line"><span class="hl-message" aria-live="polite"></span>
            <button type="button" class="btn btn-default btn-xs hl-cancel">Cancel</button></div>
        </div>
        <div class="hl-outcome hidden" role="status"><p class="hl-what-happened"></p><p class="hl-hint"></p></div>
        <span class="hl-label">Runs of this slide</span>
        <ul class="hl-runs"></ul>
        <div class="hl-none">none yet</div>
      </div>`;

    /* An element with properties and children; text is text. */
    function make(tag, properties, ...children) {
        const element = Object.assign(document.createElement(tag), properties);
        element.append(...children);
        return element;
    }

    function swatch({name, color}) {
        const element = make('span', {className: 'hl-swatch', title: name});
        element.style.backgroundColor = color; // what is no colour is ignored
        return element;
    }

    function aboutRun(run) {
        const when = new Date(run.created).toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'});
        const where = run.roi ? 'region' : 'whole slide';
        const state = run.state === 'done' ? '' : `, ${run.state}`;
        return `${when}, ${where}, ≥ ${run.threshold.toFixed(2)}${state}`;
    }

    function tiles({stage, done, total, tiles_per_s: speed, eta_s: left}) {
        const pace = [];
        if (speed) {
            pace.push(`${speed.toFixed(1)} tiles/s`);
        }
        if (left !== null && left !== undefined) {
            pace.push(`${duration(left)} left`);
        }
        return `${stage}: ${number(done)} of ${number(total)} tiles\n${pace.join(' · ')}`;
    }

    function duration(seconds) {
        const whole = Math.round(seconds);
        if (whole >= 3600) {
            return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
        }
        return whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole} s`;
    }

    function number(value) {
        return Math.round(value).toLocaleString();
    }

    /* Girder's REST as a promise; it fails with {status, message, hint}. */
    function ask(method, url, body) {
        const content = body && {data: JSON.stringify(body), contentType: 'application/json'};
        return new Promise((resolve, reject) => {
            restRequest(Object.assign({url, method, error: null}, content)).done(resolve).fail((answer) => {
                const problem = answer.responseJSON || {};
                reject({
                    status: answer.status,
                    message: problem.message || 'The server does not answer.',
                    hint: (problem.extra || {}).hint || ''
                });
            });
        });
    }
})();
