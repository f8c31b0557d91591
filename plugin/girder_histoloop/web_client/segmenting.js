/* Methods of the panel: where to segment, and a job from its start to its end. */
(function () {
    'use strict';
    const shared = window.histoloop = window.histoloop || {};

    const POLL_MS = 1000;

    shared.segmenting = {
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
                    document.createTextNode(`${shared.number(box[2])} × ${shared.number(box[3])} px `),
                    shared.make('button', {type: 'button', className: 'btn btn-link btn-xs hl-redraw', textContent: 'draw again'})
                );
            }
            window.girder.events.trigger('h:select-region', box && {
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
            this.setAsking(true);
            shared.ask('POST', 'histoloop/jobs', {
                slide: this.item.id,
                model: this.$('.hl-model').val(),
                threshold: Number(this.$('.hl-threshold input').val()),
                replace: this.$('.hl-replace input').prop('checked'),
                roi
            }).then((job) => {
                this.setAsking(false);
                this.follow(job);
            }).catch((problem) => {
                this.setAsking(false);
                this.fail(problem);
            });
        },

        setAsking(asking) {
            this.asking = asking;
            this.renderButtons();
        },

        follow(job) {
            if (this.gone) {
                return;
            }
            this.job = job;
            this.misses = 0;
            this.setStopping(false);
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
            shared.ask('GET', `histoloop/jobs/${encodeURIComponent(this.job.id)}`).then((job) => {
                if (this.gone) {
                    return;
                }
                if (this.misses) {
                    this.say();
                }
                const moved = job.state !== this.job.state;
                this.misses = 0;
                this.job = job;
                if (shared.ENDED.includes(job.state)) {
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
            this.setStopping(true);
            this.$('.hl-message').text('stopping …');
            shared.ask('POST', `histoloop/jobs/${encodeURIComponent(this.job.id)}/cancel`).catch((problem) => {
                this.setStopping(false);
                this.fail(problem);
            });
        },

        setStopping(stopping) {
            this.stopping = stopping;
            this.renderButtons();
        },

        renderJob() {
            const {done, total, stage} = this.job.progress || {};
            const known = this.job.state === 'running' && total > 0;
            const share = known ? Math.min(100, 100 * done / total) : 100;
            this.$('.progress-bar').css('width', `${share}%`)
                .toggleClass('progress-bar-striped active', !known)
                .attr('aria-valuenow', known ? Math.round(share) : null);
            if (!this.stopping) {
                this.$('.hl-message').text(known ? tiles(this.job.progress) : (stage || this.job.state));
            }
        },

        hideJob() {
            this.job = null;
            this.$('.hl-progress').addClass('hidden');
            this.renderButtons();
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
        }
    };

    function tiles({stage, done, total, tiles_per_s: speed, eta_s: left}) {
        const pace = [];
        if (speed) {
            pace.push(`${speed.toFixed(1)} tiles/s`);
        }
        if (left !== null && left !== undefined) {
            pace.push(`${duration(left)} left`);
        }
        return `${stage}: ${shared.number(done)} of ${shared.number(total)} tiles\n${pace.join(' · ')}`;
    }

    function duration(seconds) {
        const whole = Math.round(seconds);
        if (whole >= 3600) {
            return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
        }
        return whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole} s`;
    }
})();
