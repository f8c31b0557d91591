/** Puts the parts together; each of them knows the others only by what it is given here. */
import { render } from "lit-html";
import "./ui/styles/agreement.css";
import "./ui/styles/base.css";
import "./ui/styles/comparison.css";
import "./ui/styles/controls.css";
import "./ui/styles/datasets.css";
import "./ui/styles/draw.css";
import "./ui/styles/launch.css";
import "./ui/styles/findings.css";
import "./ui/styles/learn.css";
import "./ui/styles/panels.css";
import "./ui/styles/review.css";
import "./ui/styles/stage.css";
import "./ui/styles/tablet.css";
import { createAgreementApi } from "./api/agreement";
import { createApi } from "./api/client";
import { createFindingsApi } from "./api/findings";
import { createLearnApi } from "./api/learn";
import { createReviewApi } from "./api/review";
import { Desk } from "./draw/desk";
import { type BegunPolygon, type Draft, Drafts } from "./draw/drafts";
import type { MeasureKind } from "./model/measure";
import { AddressBar } from "./state/addressBar";
import { Findings } from "./state/findings";
import { type Action, reduce } from "./state/reducer";
import { openDetail } from "./state/selectors";
import { Session } from "./state/session";
import { type AppState, INITIAL_STATE } from "./state/state";
import { Store } from "./state/store";
import { App, host } from "./ui/app";
import { DrawUi } from "./ui/draw/drawUi";
import { listenToKeys } from "./ui/draw/keyboard";
import { nameLandmarks } from "./ui/landmarks";
import { measureControls } from "./ui/measureControls";
import { zoomControls } from "./ui/zoomControls";
import { DrawPane } from "./viewer/drawing/drawPane";
import { pictureOf, save } from "./viewer/picture";
import { Stage } from "./viewer/stage";
import { STAGE } from "./words/stage";

const root = new URL("./", document.baseURI).href;
const api = createApi(root);
const learnApi = { ...createLearnApi(root), ...createAgreementApi(root) };
const findingsApi = createFindingsApi(root);
const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
const address = new AddressBar(store);

const showMeasure = (held: MeasureKind | null): void => {
  const controls = measureControls(held, (kind) => stage.takeMeasure(kind));
  render(controls, host("measure"));
};

const session = new Session(api, learnApi, createReviewApi(root), store, {
  onTiles: (run, boxes) => stage.invalidate(run, boxes),
  onReturn: () => stage.retry(),
  cameraOn: (box) => stage.cameraOn(box),
  lookAt: (box) => stage.lookAt(box),
  onCorrect: (id) => void desk.edit({ id }),
  onHandsOff: () => desk.putAway(),
});

const stage = new Stage(
  {
    surface: host("stage-surface"),
    slide: host("slide"),
    scaleBar: host("scale"),
    status: host("status"),
  },
  api,
  {
    onView: (camera, projection) => session.viewMoved(camera, projection),
    onClick: (at) => void findings.click(at),
    onMeasureTool: (kind) => {
      if (kind && desk.state.tool !== "pan") desk.take("pan");
      showMeasure(kind);
    },
    onRegion: (box) => session.finishDrawing(box),
    onDivider: (divider) => session.changeComparison({ divider }),
    onOutlinesAvailable: (available) => store.dispatch({ type: "outlinesAvailable", available }),
    // A single bad tile is tried again quietly; a service that is gone is worth a banner.
    onTrouble: (error) => session.trouble(error),
  },
);

const drafts = {
  layers: new Drafts<Draft>(root, "layers"),
  polygons: new Drafts<BegunPolygon>(root, "polygons"),
};
const desk = new Desk(api, store, drafts, {
  onTrouble: (error) => session.trouble(error),
  onListChanged: () => session.refreshAnnotations(),
  onTaken: () => {
    if (store.state.region.drawing) session.finishDrawing(null);
    stage.takeMeasure(null);
  },
  traced: () => stage.traced,
  unit: () => stage.unit,
});
const pane = new DrawPane(stage.surface, desk, {
  onPan: (dx, dy) => stage.panBy(dx, dy),
  onZoom: (factor, at) => stage.zoomAt(factor, at),
});
stage.onFrame((projection, slide) => pane.draw(projection, slide));
const drawUi = new DrawUi(desk, {
  tools: host("draw-tools"),
  bar: host("draw-bar"),
  sheet: host("draw-sheet"),
});
listenToKeys(
  desk,
  () => !host("stage").inert && !document.querySelector("dialog[open]"),
  () => pane.repaint(),
);

const findings: Findings = new Findings(
  findingsApi,
  store,
  () => {
    stage.point(findings.state.card?.found.region?.geometry ?? null);
    app.show(() => store.state);
  },
  (error) => session.trouble(error),
);

async function savePicture(): Promise<void> {
  const detail = openDetail(store.state);
  save(await pictureOf(host("stage-surface")), STAGE.pictureFile(detail?.name));
}

const app = new App(
  session,
  { ...api, ...learnApi, ...findingsApi },
  { desk, drawUi },
  { findings, onPicture: () => void savePicture() },
);
const show = (): void => {
  stage.show(store.state);
  app.show(() => store.state);
};
nameLandmarks();
render(zoomControls(stage), host("zoom"));
showMeasure(null);
store.subscribe(show);
desk.store.subscribe(show);
show();
address.start((to) => session.navigate(to));
void session.start(address.read());
