/* HistoLoop's panel in HistomicsUI. Plain scripts, loaded in any order: what they need hangs on the
   global `girder`, what they share, and the panel's further methods, on the global `histoloop`.
   Whatever a server or a person has named is written as text, never as HTML. */
(function () {
    'use strict';
    const girder = window.girder;
    const $ = girder.$ || window.$;
    const {restRequest} = girder.rest;
    const shared = window.histoloop = Object.assign(window.histoloop || {}, {
        ENDED: ['done', 'failed', 'cancelled'], ask, make, number
    });

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
            ...shared.segmenting,
            ...shared.runs,

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
                this.maySegment = false;
                this.asking = false;
                this.stopping = false;
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
                const mayWrite = (this.item.get('_accessLevel') || 0) >= WRITE;
                this.$('.hl-cancel').toggleClass('hidden', !mayWrite);
                this.maySegment = mayWrite && models.length > 0;
                if (!mayWrite) {
                    this.disable('You may look at this slide, but not write to it.');
                } else if (!models.length) {
                    this.disable('The service has no model yet.');
                }
                this.renderButtons();
                this.loadRuns();
                const going = jobs.find((one) => !shared.ENDED.includes(one.state));
                if (going) {
                    this.follow(going);
                }
            },

            disable(why) {
                this.$('.hl-segment').attr('title', why);
                this.say('info', why);
            },

            /* One job at a time, from who may have any. */
            renderButtons() {
                this.$('.hl-segment').prop('disabled', !this.maySegment || Boolean(this.job) || this.asking);
                this.$('.hl-cancel').prop('disabled', this.stopping);
            },

            showNotice() {
                const model = this.models.find((one) => one.reference === this.$('.hl-model').val());
                this.$('.hl-notice').text((model && model.notice) || '');
                this.$('.hl-model').attr('title', (model && model.summary) || '');
            },

            showThreshold() {
                this.$('.hl-threshold output').text(Number(this.$('.hl-threshold input').val()).toFixed(2));
            },

            /* what is said */

            fail({message, hint}) {
                this.say('danger', message, hint);
            },

            say(kind, message, hint) {
                this.$('.hl-outcome').attr('class', `hl-outcome alert alert-${kind || 'info'} ${message ? '' : 'hidden'}`);
                this.$('.hl-what-happened').text(message || '');
                this.$('.hl-hint').text(hint || '');
            },
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
        <label class="hl-replace" title="Layers that a person has changed stay"><input type="checkbox"> Replace this model's earlier layers</label>
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
