import { describe, expect, it } from "vitest";
import { Overload } from "../../../src/engine/limits/overload.ts";

const refused = (bound: string) =>
  expect.objectContaining({
    code: "temporarily_unavailable",
    message: "The server is overloaded. Try again.",
    event: { event: "overloaded", bound },
  });

describe("overload", () => {
  it("is more requests at once than a node bears; as one ends, another may begin", () => {
    const { admit } = new Overload({ maxRequestsInFlight: 2, maxEventLoopLag: 1000 }, () => 0);
    const [leave] = [admit(), admit()];
    expect(admit).toThrow(refused("maxRequestsInFlight"));
    leave();
    admit();
    expect(admit).toThrow(refused("maxRequestsInFlight"));
  });

  it("is an event loop that is late, until it no longer is", () => {
    let lag = 1000;
    const { admit } = new Overload({ maxRequestsInFlight: 2, maxEventLoopLag: 1000 }, () => lag);
    admit();
    lag = 1001;
    expect(admit).toThrow(refused("maxEventLoopLag"));
    lag = 0;
    admit();
  });
});
