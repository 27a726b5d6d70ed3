import { randomUUID } from "node:crypto";
import { thisMachine } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Config } from "../../config/config.ts";
import { type AnswerOf, type OperationName, perform, type RequestOf } from "../../engine/perform.ts";
import { OPERATOR_ROLES, type Operator } from "../../registry/tenant.ts";
import { openConfiguredAudit } from "../../server/audit.ts";
import { openNode } from "../../server/node.ts";
import { thisPlatform } from "../../server/platform.ts";
import { openSealer } from "../../server/stores.ts";
import type { Store } from "../../store/port.ts";
import { standardOutput } from "../../telemetry/audit/standard-output.ts";
import { heardByAll } from "../../telemetry/listeners.ts";
import { EventLog } from "../../telemetry/log.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io, Output } from "../frame/io.ts";

/** What a command gets to work directly on the configured store, while nodes run or not. */
export interface AtStore {
  readonly config: Config;
  readonly logger: Logger;
  readonly store: Store;
}

/** The operator in the log: anyone who can read the key-encryption key and the store. */
const COMMAND_LINE: Operator = { id: "command line", roles: new Set(OPERATOR_ROLES), tenants: "*", secrets: [] };

/**
 * Performs an operator's operation on a tenant of an open store, with a node of its own. Throws {@link UsageError} for a
 * tenant that is not configured, and OAuthError as the operation does.
 */
export async function operate<Name extends OperationName>(
  { stderr }: Io,
  { config, logger, store }: AtStore,
  tenant: string,
  name: Name,
  request: RequestOf<Name>,
): Promise<AnswerOf<Name>> {
  // Standard output is for the answer.
  const audit = await openConfiguredAudit(config.audit, logger, standardOutput(writingTo(stderr)));
  try {
    const platform = thisPlatform(openSealer(config));
    const log = new EventLog(logger, thisMachine.elapsed);
    const listener = heardByAll([log.listen, ...audit.listeners], logger);
    // A leaked key can be replaced whatever the clock says, as rotating and listing use no time from IssuingClock.
    const mayBeBehind = name === "rotate" || name === "listKeys";
    if (name === "revokeClient") await assertUsed(store, config);
    const told = { listener, recorder: audit.recorder };
    const node = await openNode({ settings: config, file: config, store, platform, ...told, mayBeBehind });
    const handle = node.tenant(tenant);
    if (handle === undefined) {
      const known = Array.from(node.registry.tenants(), ({ id }) => id);
      throw new UsageError(`--tenant must be one of ${known.join(", ")}.`);
    }
    const authenticators = { ...node.performing.authenticators, operator: async () => COMMAND_LINE };
    return await perform(name, handle, { requestId: randomUUID() }, request, { ...node.performing, authenticators });
  } finally {
    await audit.close();
  }
}

/**
 * A revocation in a store that nobody uses would succeed but revoke nothing. Throws {@link UsageError} if no tenant has
 * keys there.
 */
async function assertUsed(store: Store, { tenants }: Config): Promise<void> {
  const keys = await Promise.all([...tenants.keys()].map((id) => store.forTenant(id).keys.list()));
  if (keys.some((list) => list.length > 0)) return;
  throw new UsageError("No service has used this store yet: check --config, MINTMARK_STORE and the working directory.");
}

/** Writes all of the bytes to a stream. */
function writingTo(output: Output): (bytes: Uint8Array) => Promise<void> {
  return (bytes) =>
    new Promise((resolve, reject) => {
      output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}
