import { formatDuration, MAX_DURATION } from "../../base/duration.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Settings } from "./settings.ts";

/** IdentityServer4's own default for AbsoluteRefreshTokenLifetime, in seconds. */
const DEFAULT_ABSOLUTE = 2_592_000;

/** The lifetimes of a client. */
export function lifetimesOf(client: Settings, allowOfflineAccess: boolean): JsonObject {
  const accessToken = lifetime(client, "AccessTokenLifetime");
  const idToken = lifetime(client, "IdentityTokenLifetime");
  const absolute = lifetime(client, "AbsoluteRefreshTokenLifetime");
  const sliding = slidingOf(client, absolute ?? DEFAULT_ABSOLUTE, allowOfflineAccess);
  return {
    ...(accessToken !== undefined && { accessTokenLifetime: formatDuration(accessToken) }),
    ...(idToken !== undefined && { idTokenLifetime: formatDuration(idToken) }),
    ...(absolute !== undefined && { absoluteRefreshTokenLifetime: formatDuration(absolute) }),
    ...(sliding !== undefined && { slidingRefreshTokenLifetime: formatDuration(sliding) }),
  };
}

/** A lifetime in seconds; undefined if there is none. No limit becomes ten years, the most that there is here. */
function lifetime(client: Settings, name: string): number | undefined {
  const seconds = client.takeNumber(name);
  if (seconds === undefined || (seconds > 0 && seconds <= MAX_DURATION)) return seconds;
  if (seconds < 0 || (seconds === 0 && name !== "AbsoluteRefreshTokenLifetime")) {
    client.note(name, `skipped, so the default applies: expected more than zero, got ${seconds}`);
    return undefined;
  }
  client.note(name, `changed from ${seconds} to ten years, the longest lifetime`);
  return MAX_DURATION;
}

/** With an absolute lifetime, an unused refresh token lives for all of it, and in no case longer. */
function slidingOf(client: Settings, absolute: number, allowOfflineAccess: boolean): number | undefined {
  const expiration = client.takeChoice("RefreshTokenExpiration", ["sliding", "absolute"]);
  const sliding = lifetime(client, "SlidingRefreshTokenLifetime");
  if (expiration === "absolute") return absolute;
  // Absolute is the default there, and a sliding lifetime the default here.
  if (sliding === undefined) return expiration === undefined && allowOfflineAccess ? absolute : undefined;
  if (expiration === undefined) {
    client.note(
      "RefreshTokenExpiration",
      "not set, which means Absolute in IdentityServer4; here, SlidingRefreshTokenLifetime applies",
    );
  }
  if (sliding > absolute) client.note("SlidingRefreshTokenLifetime", "lowered to AbsoluteRefreshTokenLifetime");
  return Math.min(sliding, absolute);
}
