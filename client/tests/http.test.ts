import { afterEach, describe, expect, it, vi } from "vitest";
import { getJson, isAbort, ProblemError } from "../src/api/http";

const BUSY = { title: "Service Unavailable", status: 503, detail: "too many", hint: "later" };

function answer(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const type = status === 200 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": type, ...headers },
  });
}

function busy(headers: Record<string, string> = { "Retry-After": "2" }): Response {
  return answer(BUSY, 503, headers);
}

/** What is answered, one after the other; the last for ever. */
function answering(...made: (() => Response)[]) {
  const asked = vi.fn(async () => (made.length > 1 ? made.shift() : made[0])?.());
  vi.stubGlobal("fetch", asked);
  vi.useFakeTimers();
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a service that is busy", () => {
  it("is asked again, and nobody hears of it", async () => {
    const asked = answering(busy, busy, () => answer({ features: [] }));
    const got = getJson("polygons");
    await vi.advanceTimersByTimeAsync(1_900);
    expect(asked).toHaveBeenCalledTimes(1);
    await vi.runAllTimersAsync();
    expect(await got).toEqual({ features: [] });
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it("is left alone when nobody waits for it any more", async () => {
    const asked = answering(busy);
    const controller = new AbortController();
    const got = getJson("polygons", controller.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    controller.abort();
    expect(isAbort(await got)).toBe(true);
    await vi.runAllTimersAsync();
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("is a problem after all when it stays so", async () => {
    answering(busy);
    const got = getJson("polygons").catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    const error = await got;
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problem).toEqual(BUSY);
  });

  it("is a problem at once where it does not say when to come again", async () => {
    const asked = answering(() => busy({}));
    const error = await getJson("ready").catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(ProblemError);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
