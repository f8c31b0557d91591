/** Puts the parts together; each of them knows the others only by what it is given here. */
import { render } from "lit-html";
import "./ui/styles/base.css";
import "./ui/styles/comparison.css";
import "./ui/styles/controls.css";
import "./ui/styles/datasets.css";
import "./ui/styles/learn.css";
import "./ui/styles/panels.css";
import "./ui/styles/stage.css";
import { createApi } from "./api/client";
import { createLearnApi } from "./api/learn";
import { AddressBar } from "./state/addressBar";
import { type Action, reduce } from "./state/reducer";
import { Session } from "./state/session";
import { type AppState, INITIAL_STATE } from "./state/state";
import { Store } from "./state/store";
import { App, host } from "./ui/app";
import { zoomControls } from "./ui/zoomControls";
import { Stage } from "./viewer/stage";

const root = new URL("./", document.baseURI).href;
const api = createApi(root);
const learnApi = createLearnApi(root);
const store = new Store<AppState, Action>(reduce, INITIAL_STATE);
const address = new AddressBar(store);

const session = new Session(api, learnApi, store, {
  onTiles: (run, boxes) => stage.invalidate(run, boxes),
  onReturn: () => stage.retry(),
  cameraOn: (box) => stage.cameraOn(box),
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
    onRegion: (box) => session.finishDrawing(box),
    onDivider: (divider) => session.changeComparison({ divider }),
    onOutlinesAvailable: (available) => store.dispatch({ type: "outlinesAvailable", available }),
    // A single bad tile is tried again quietly; a service that is gone is worth a banner.
    onTrouble: (error) => session.trouble(error),
  },
);

const app = new App(session, { ...api, ...learnApi });
const show = (): void => {
  stage.show(store.state);
  app.show(() => store.state);
};
render(zoomControls(stage), host("zoom"));
store.subscribe(show);
show();
address.start((to) => session.navigate(to));
void session.start(address.read());
