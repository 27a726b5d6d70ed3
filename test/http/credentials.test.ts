import { describe, expect, test } from "vitest";
import { FORM, listen, sendRaw, testGateway } from "./support.ts";

const PATHS = ["/connect/token", "/connect/introspect", "/connect/revocation"];

describe.each(PATHS)("the credentials of a request to %s", (path) => {
  test("are the header and the form's, as they came", async () => {
    const { engine, post } = testGateway();
    await post("client_id=c&client_secret=s", { authorization: "Basic YTpi" }, path);
    expect(engine.credentials).toEqual({ authorization: "Basic YTpi", clientId: "c", clientSecret: "s" });
  });

  test("are absent if they were empty", async () => {
    const { engine, post } = testGateway();
    await post("client_id=&client_secret=", { authorization: "" }, path);
    expect(engine.asked).toHaveLength(1);
    expect(engine.credentials).toEqual({});
  });

  test.each([
    [["Basic YTpi", "Basic Yzpk"], "Basic YTpi, Basic Yzpk"],
    [["Basic YTpi", "Basic YTpi"], "Basic YTpi, Basic YTpi"],
    [["", "Basic YTpi"], ", Basic YTpi"],
    [["Basic YTpi", ""], "Basic YTpi, "],
  ])("are every header that there is: %o", async (given, authorization) => {
    const { engine, app } = testGateway();
    const port = await listen(app);
    const names = ["authorization", "AUTHORIZATION"];
    const lines = given.map((value, index) => `${names[index]}: ${value}\r\n`).join("");
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${FORM["content-type"]}\r\n`;
    await sendRaw(port, `${head}${lines}x-authorization: Basic eA\r\ncontent-length: 0\r\n\r\n`);
    expect(engine.credentials).toEqual({ authorization });
    await app.close();
  });
});
