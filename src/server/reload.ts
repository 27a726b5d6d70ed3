import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { ConfigContext } from "../config/load.ts";
import { assertAllOpen } from "../keyring/reseal.ts";
import { SealError, type Sealer } from "../keyring/seal.ts";
import { allRegistrations, isProven } from "../registry/proof.ts";
import type { Store } from "../store/port.ts";
import type { RegistrationStore } from "../store/registration-port.ts";
import type { Emit } from "../telemetry/events.ts";
import type { Jobs } from "./jobs.ts";
import type { Node } from "./node.ts";
import { Reloader } from "./reloader.ts";
import { openSealer } from "./stores.ts";
import { type DoorsTls, replaceTls, warnOfDates } from "./tls.ts";

/** A sealer whose keys can be replaced while it is in use. */
interface ReplaceableSealer extends Sealer {
  replace(next: Sealer): void;
}

/** Makes a sealer replaceable. */
export function replaceable(first: Sealer): ReplaceableSealer {
  let current = first;
  return {
    seal: (...args) => current.seal(...args),
    open: (...args) => current.open(...args),
    isCurrent: (sealed) => current.isCurrent(sealed),
    authenticate: (text) => current.authenticate(text),
    isAuthentic: (text, mac) => current.isAuthentic(text, mac),
    replace(next) {
      current = next;
    },
  };
}

/** Throws SealError if what the running service takes for proven no longer would be. */
async function assertAllProven(registrations: RegistrationStore, running: Sealer, replacement: Sealer): Promise<void> {
  for await (const row of allRegistrations(registrations)) {
    if (isProven(row, replacement) || !isProven(row, running)) continue;
    throw new SealError(
      `The ${row.kind} ${row.id} of tenant ${row.tenant} is proven by none of the key-encryption keys.`,
    );
  }
}

/** What a new configuration reaches in a running service. */
interface Running {
  readonly node: Pick<Node, "registry" | "reconfigure">;
  readonly store: Store;
  readonly sealer: ReplaceableSealer;
  readonly tls: DoorsTls | undefined;
  readonly logger: Logger;
}

/** What reads the configuration of a running service again. */
interface ReloadParts extends Running {
  readonly config: Config;
  readonly sources: ConfigContext;
  readonly jobs: Pick<Jobs, "start">;
  readonly emit: Emit;
}

/**
 * Has a service read its configuration again when it is asked to and, if configured, when a file changes; and its
 * certificate whenever that changes.
 */
export function openReloader(parts: ReloadParts, open: AsyncDisposableStack): Reloader {
  const { config, sources, emit, logger, jobs } = parts;
  const reloader = new Reloader({
    config,
    sources,
    readFile: (path) => readFile(path, "utf8"),
    apply: (next, before) => applyConfig(next, before, parts),
    emit,
    logger,
  });
  open.defer(() => reloader.stop());
  if (config.reloadOnChange || config.tls !== undefined) jobs.start(reloader.job);
  return reloader;
}

/**
 * Makes a running service use the tenants, the key-encryption keys and the certificate of a configuration that was checked.
 * Throws StoreUnavailableError, and SealError if a stored key does not open, without any change.
 */
async function applyConfig(next: Config, before: Config, { node, store, sealer, tls, logger }: Running): Promise<void> {
  const isSealedAnew = !isDeepStrictEqual(next.keyEncryptionKeys, before.keyEncryptionKeys);
  const replacement = isSealedAnew ? openSealer(next) : undefined;
  if (replacement !== undefined) {
    for (const { id } of node.registry.tenants()) await assertAllOpen(id, store.forTenant(id), replacement);
    await assertAllProven(store.registrations, sealer, replacement);
  }
  if (next.tenants !== before.tenants) await node.reconfigure(next);
  // Last, as nothing can fail after it: what is sealed under another key may not open again.
  if (replacement !== undefined) sealer.replace(replacement);
  if (next.tls === before.tls || next.tls === undefined) return;
  if (tls !== undefined) replaceTls(tls, next.tls);
  warnOfDates(next.tls, thisMachine.wall(), logger);
}
