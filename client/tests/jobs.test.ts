import { describe, expect, it } from "vitest";
import { activity, fraction, putAwayWords, withJob } from "../src/model/jobs";
import { job } from "./records";

const predicting = (done: number) =>
  job({
    state: "running",
    progress: { stage: "predict", done, total: 10, tiles_per_s: 2, eta_s: 5 },
  });

describe("a job's records", () => {
  it("may overtake each other without the count going back", () => {
    const jobs = withJob(withJob([], predicting(7)), predicting(4));
    expect(jobs[0]?.progress.done).toBe(7);
  });

  it("never bring an ended job back to life", () => {
    const jobs = withJob([job({ state: "cancelled" })], predicting(9));
    expect(jobs[0]?.state).toBe("cancelled");
  });

  it("may go back to waiting: a restarted service resumes the job", () => {
    expect(withJob([predicting(7)], job({ state: "queued" }))[0]?.state).toBe("queued");
  });

  it("may count anew in another stage", () => {
    const tracing = job({
      state: "running",
      progress: { stage: "trace", done: 0, total: 3, tiles_per_s: null, eta_s: null },
    });
    expect(withJob([predicting(10)], tracing)[0]?.progress.stage).toBe("trace");
  });

  it("wait again when a failed one is asked for again", () => {
    const failed = job({ state: "failed" });
    expect(withJob([failed], job({ state: "queued" }))[0]?.state).toBe("queued");
    expect(withJob([failed], job({ state: "running" }))[0]?.state).toBe("failed");
    expect(withJob([job({ state: "done" })], job({ state: "queued" }))[0]?.state).toBe("done");
  });

  it("wait again when one that was put away is asked for again", () => {
    const away = job({ state: "done", put_away: { at: "2026-01-01T00:00:00Z", why: "old" } });
    expect(withJob([away], job({ state: "queued" }))[0]?.state).toBe("queued");
    expect(withJob([away], job({ state: "running" }))[0]?.state).toBe("done");
  });

  it("stay newest first", () => {
    const older = job({ id: "older", created: "2026-01-01T00:00:00Z" });
    const newer = job({ id: "newer", created: "2026-01-02T00:00:00Z" });
    expect(withJob(withJob([], newer), older).map(({ id }) => id)).toEqual(["newer", "older"]);
  });
});

describe("what a job is doing", () => {
  it("and why its run has nothing to show any more", () => {
    const words = putAwayWords({ at: "2026-11-12T03:00:00Z", why: "not looked at for 90 days" });
    expect(words).toContain("Put away on 12 Nov 2026: not looked at for 90 days.");
    expect(words).toContain("annotations are still there");
  });

  it("is said in words", () => {
    expect(activity(job({ state: "queued" }))).toBe("Waiting");
    expect(activity(predicting(1))).toBe("Predicting");
    expect(activity(job({ state: "failed" }))).toBe("Failed");
  });

  it("has no share while nothing is counted yet", () => {
    expect(fraction(job({}))).toBeNull();
    expect(fraction(predicting(5))).toBe(0.5);
  });
});
