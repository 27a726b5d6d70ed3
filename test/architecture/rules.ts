/** What the files of one room may import beside each other. */
export interface Rule {
  /** Rooms and files below it; a room stands for all that is in it, but for what has a rule of its own. */
  readonly rooms: readonly string[];
  readonly packages?: readonly string[];
}

/** A rule for each room; `composes`: its files may import whatever is below them. */
export type Rules = Readonly<Record<string, Rule | "composes">>;

/**
 * Who may import whom, from the top of the house to its ground: a file imports nothing that stands above it here. The
 * rule of a file is the one with the longest name that the file's begins with; so the files beside a room's sub-rooms can
 * stand above them, below them, or both. Only `server` and `cli` put the house together, so they and `main` may import all
 * that is below.
 */
export const rules: Rules = {
  main: "composes",
  cli: "composes",
  "cli/remote": {
    rooms: ["cli/frame", "engine", "keyring/port", "base", "../gen"],
    packages: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node", "commander"],
  },
  "cli/gsts": { rooms: ["registry/plain-secret", "registry/secret", "base"] },
  "cli/shells": { rooms: [], packages: ["commander"] },
  "cli/frame": {
    rooms: ["config/fields", "schema/variables", "base"],
    packages: ["commander", "pino", "pino-pretty", "yaml"],
  },
  server: "composes",
  http: {
    rooms: [
      "wire",
      "engine/port",
      "engine",
      "possession/proof-signature",
      "registry/tenant",
      "telemetry/events",
      "telemetry/watcher",
      "token",
      "base",
    ],
    packages: ["fastify"],
  },
  rpc: {
    rooms: ["wire", "engine/port", "engine", "telemetry/events", "telemetry/watcher", "base", "../gen"],
    packages: ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node", "@grpc/grpc-js", "fastify"],
  },
  wire: { rooms: ["engine", "possession", "telemetry/events", "telemetry/trace-context", "telemetry/watcher", "base"] },
  grants: {
    rooms: ["engine/resources", "engine/grant", "engine", "registry/tenant", "authorities/port", "token", "base"],
  },

  // The engine, from what doors call to what its operations are made of.
  "engine/engine": {
    rooms: [
      "engine/port",
      "engine/perform-instance",
      "engine/perform",
      "engine/operations",
      "engine/context",
      "engine/parameters",
      "engine/clients",
      "engine",
      "base",
    ],
  },
  "engine/port": {
    rooms: ["engine/perform-instance", "engine/perform", "engine/clients", "engine", "registry/tenant", "keyring/port"],
  },
  "engine/perform-instance": {
    rooms: [
      "engine/perform",
      "engine/performed",
      "engine/operations",
      "engine/context",
      "engine/clients",
      "engine",
      "registry/fields",
    ],
  },
  "engine/perform": {
    rooms: [
      "engine/performed",
      "engine/operations",
      "engine/context",
      "engine/clients",
      "engine/limits",
      "engine",
      "registry/registry",
    ],
  },
  "engine/performed": { rooms: ["engine/operations", "engine", "telemetry/trace-context"] },
  "engine/operations": {
    rooms: [
      "engine/tokens",
      "engine/context",
      "engine/policy",
      "engine/possession",
      "engine/parameters",
      "engine/resources",
      "engine/grant",
      "engine/clients",
      "engine",
      "registry/document",
      "registry/entries",
      "registry/fields",
      "registry/public-secret",
      "registry/registration-change",
      "registry/registration-error",
      "registry/schema-client",
      "registry/schema-tenant",
      "registry/secret",
      "registry/tenant",
      "keyring/port",
      "store/port",
      "telemetry/events",
      "telemetry/performed",
      "token",
      "base",
    ],
  },
  "engine/tokens": {
    rooms: [
      "engine/context",
      "engine/policy",
      "engine/grant",
      "engine/clients",
      "engine",
      "registry/tenant",
      "keyring/port",
      "store/port",
      "telemetry/events",
      "token",
      "base",
    ],
    packages: ["zod"],
  },
  "engine/possession": {
    rooms: ["engine/context", "engine", "possession", "registry/tenant", "keyring/port", "base"],
  },
  "engine/context": {
    rooms: [
      "engine/grant",
      "engine/clients",
      "engine/limits",
      "engine",
      "registry/tenant",
      "registry/registrations",
      "keyring/port",
      "authorities/port",
      "store/port",
      "telemetry/events",
      "base",
    ],
  },
  "engine/policy": {
    rooms: ["engine/resources", "engine/grant", "engine/clients", "engine", "registry/tenant", "token", "base"],
  },
  "engine/parameters": { rooms: ["engine/grant", "engine", "registry/tenant", "base"] },
  "engine/resources": { rooms: ["engine/grant", "engine", "registry/tenant", "token", "base"] },
  "engine/grant": { rooms: ["engine/clients", "engine", "registry/tenant", "authorities/port", "token", "base"] },
  "engine/clients": {
    rooms: [
      "possession",
      "registry/possession",
      "registry/public-keys",
      "engine/limits",
      "engine",
      "registry/tenant",
      "authorities/port",
      "telemetry/events",
      "token",
      "base",
    ],
  },
  "engine/limits": { rooms: ["engine", "registry/tenant", "store/port", "base"] },
  engine: {
    rooms: [
      "possession",
      "registry/effective",
      "registry/entries",
      "registry/tenant",
      "keyring/port",
      "store/port",
      "telemetry/events",
      "telemetry/performed",
      "token",
      "base",
    ],
  },

  config: { rooms: ["registry", "keyring/seal", "schema", "token", "base"], packages: ["zod"] },
  registry: {
    rooms: ["possession", "keyring/algorithms", "keyring/port", "store/registration-port", "schema", "token", "base"],
    packages: ["zod"],
  },
  keyring: { rooms: ["store/port", "telemetry/events", "token", "base"], packages: ["jose"] },
  possession: { rooms: ["token", "base"], packages: ["jose"] },
  authorities: { rooms: ["telemetry/events", "token", "base"], packages: ["jose"] },
  "store/index": { rooms: ["store/mongodb", "store/sqlite", "store", "store/port"] },
  // Adapters know the port, and nothing of one another.
  "store/mongodb": {
    rooms: ["store", "store/port", "store/family-query", "store/registration-port", "base"],
    packages: ["mongodb"],
  },
  "store/sqlite": {
    rooms: ["store", "store/port", "store/family-query", "store/registration-port", "telemetry/events", "base"],
  },
  store: { rooms: ["store/port", "store/registration-port", "telemetry/events", "base"] },
  "store/port": { rooms: ["store/family-query", "store/registration-port", "base"] },
  "store/family-query": { rooms: ["base"] },
  "store/registration-port": { rooms: ["base"] },
  schema: { rooms: ["base"], packages: ["zod", "yaml"] },
  "telemetry/spans": { rooms: ["telemetry"], packages: ["@opentelemetry/api"] },
  "telemetry/metrics": { rooms: ["telemetry", "base"], packages: ["prom-client"] },
  telemetry: { rooms: ["base"] },
  token: { rooms: ["base"] },
  base: { rooms: [] },
};
