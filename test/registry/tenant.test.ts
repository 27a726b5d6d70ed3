import { expect, it } from "vitest";
import { ownResources } from "../../src/registry/tenant.ts";
import { testTenant } from "../support/tenant.ts";

it.each(["https://mint.example/acme", "https://mint.example/acme/"])(
  "makes one audience of the issuer %s",
  (issuer) => {
    expect(ownResources(testTenant({ issuer }))).toBe("https://mint.example/acme/resources");
  },
);
