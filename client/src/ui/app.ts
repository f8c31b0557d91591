/** Renders the state into the page, at most once per frame. */
import { render } from "lit-html";
import type { FindingsApi } from "../api/findings";
import type { LearnApi } from "../api/learn";
import type { Desk } from "../draw/desk";
import type { AgreementCommands } from "../state/agreeing";
import type { Commands } from "../state/commands";
import type { Findings } from "../state/findings";
import type { LearnCommands } from "../state/learning";
import type { ReviewCommands } from "../state/reviewing";
import type { AppState } from "../state/state";
import { COMMON } from "../words/common";
import { STAGE } from "../words/stage";
import { accountLine } from "./accountLine";
import { agreementPage } from "./agreementPage";
import { annotationList } from "./annotationList";
import { comparisonBar } from "./comparisonBar";
import { datasetPage, datasetsLink } from "./datasetPage";
import { DatasetReader } from "./datasetReader";
import type { PreviewUrl } from "./datasetRegions";
import { differencePanel } from "./differencePanel";
import type { DrawUi } from "./draw/drawUi";
import { exportPanel } from "./exportPanel";
import { jobCard } from "./jobCard";
import { learnLinks } from "./learnLinks";
import { LearnReader } from "./learnReader";
import { legend } from "./legend";
import { lineageCard } from "./lineageCard";
import { Modal } from "./modal";
import { modelsPage } from "./modelsPage";
import { notices } from "./notices";
import { overlayPanel } from "./overlayPanel";
import { preflightCard, type SampleUrl } from "./preflightCard";
import { queueLink, queuePage } from "./queuePage";
import { QueueReader } from "./queueReader";
import { retrainPanel } from "./retrainPanel";
import { ReviewKeys } from "./reviewKeys";
import { reviewPage } from "./reviewPage";
import { runList } from "./runList";
import { segmentPanel } from "./segmentPanel";
import { signInForm } from "./signInForm";
import { slideList, type ThumbnailUrl } from "./slideList";
import { stageHeader, stageMessage } from "./stageHeader";

/** An element that `index.html` is sure to have. */
export function host(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

export interface PictureUrls extends Pick<LearnApi, "picture"> {
  readonly thumbnailUrl: ThumbnailUrl;
  readonly previewUrl: PreviewUrl;
  readonly sampleUrl: SampleUrl;
}

export class App {
  private frame = 0;
  private readonly datasetReader: DatasetReader;
  private readonly learnReader: LearnReader;
  private readonly queueReader: QueueReader;
  private readonly reviewKeys: ReviewKeys;
  private readonly launchCard = new Modal(host("launch"));

  constructor(
    private readonly commands: Commands & {
      readonly learning: LearnCommands;
      readonly reviewing: ReviewCommands;
      readonly agreeing: AgreementCommands;
    },
    private readonly pictures: PictureUrls & Pick<FindingsApi, "runFileUrl" | "drawnFileUrl">,
    private readonly drawing: { readonly desk: Desk; readonly drawUi: DrawUi },
    private readonly seeing: { readonly findings: Findings; readonly onPicture: () => void },
  ) {
    this.datasetReader = new DatasetReader(commands);
    this.learnReader = new LearnReader(commands.learning);
    this.queueReader = new QueueReader(commands);
    this.reviewKeys = new ReviewKeys(commands.reviewing, () => drawing.desk.state.tool !== "pan");
  }

  show(state: () => AppState): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.render(state());
    });
  }

  private render(state: AppState): void {
    const { commands } = this;
    const { thumbnailUrl, previewUrl, sampleUrl } = this.pictures;
    render(signInForm(state, commands), host("entrance"));
    render(accountLine(state, commands), host("account"));
    render(
      [
        queueLink(state, commands),
        datasetsLink(state, commands),
        learnLinks(state, commands.learning),
      ],
      host("places"),
    );
    render(slideList(state, commands, thumbnailUrl), host("slides"));
    render(stageHeader(state), host("stage-header"));
    render(comparisonBar(state, commands), host("comparison"));
    render(stageMessage(state), host("stage-message"));
    const { desk, drawUi } = this.drawing;
    const { findings, onPicture } = this.seeing;
    const { areas, card } = findings.state;
    const closeCard = () => findings.close();
    render(
      lineageCard(card, {
        openDatasets: (digest) => commands.openDatasets(digest),
        selectRun: (run) => commands.selectRun(run),
        closeCard,
      }),
      host("lineage"),
    );
    render(
      [
        differencePanel(state),
        segmentPanel(state, commands),
        jobCard(state, commands),
        overlayPanel(state, commands),
        legend(state, commands, areas),
        runList(state, commands),
        drawUi.panel(),
        annotationList(state, commands, desk, drawUi),
        retrainPanel(state, commands),
        exportPanel(state, this.pictures, onPicture),
      ],
      host("panel"),
    );
    render(datasetPage(state, commands, previewUrl), host("datasets"));
    render(
      [
        modelsPage(state, commands.learning, this.pictures),
        agreementPage(state, commands.learning, commands.agreeing, this.pictures),
        reviewPage(state, commands.learning, commands.reviewing, this.pictures),
      ],
      host("learn"),
    );
    this.datasetReader.show(state.datasets);
    this.learnReader.show(state.learn);
    render(queuePage(state, commands), host("queue"));
    this.queueReader.show(state);
    render(preflightCard(state, commands, sampleUrl), host("launch"));
    this.launchCard.show();
    this.reviewKeys.show(state.learn?.place.page ?? null);
    render(notices(state, commands), host("notices"));
    const name = state.slide?.detail.status === "ready" ? state.slide.detail.value.name : null;
    document.title = name ? STAGE.windowTitle(name, COMMON.product) : COMMON.product;
  }
}
