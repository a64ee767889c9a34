// Asks OFREP with OpenFeature's own clients: one JSON line in, one JSON line out, until the input ends.
//
//   {"with": "server" | "web", "key": …, "default": …, "context": {"targetingKey": …, "channel": …}}
//
// Arguments: the address, and the token. Requests and their status stand in "calls" of the answer.
import { createInterface } from "node:readline";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { OpenFeature as Web } from "@openfeature/web-sdk";

const [baseUrl, token] = process.argv.slice(2);
let calls = [];
const fetchImplementation = async (...request) => {
  const answer = await fetch(...request);
  calls.push(answer.status);
  return answer;
};
const options = {
  baseUrl,
  fetchImplementation,
  headers: [["Authorization", `Bearer ${token}`]],
  pollInterval: -1,
};

await Server.setProviderAndWait(new OFREPProvider(options));
let web;

async function details(line) {
  if (line.with === "server") {
    return Server.getClient().getObjectDetails(line.key, line.default, line.context);
  }
  if (web === undefined) {
    web = new OFREPWebProvider(options);
    await Web.setContext(line.context);
    // Refused at its start, the client answers with defaults from then on: that is what is asked for here.
    await Web.setProviderAndWait(web).catch(() => {});
  } else {
    await Web.setContext(line.context);
  }
  return Web.getClient().getObjectDetails(line.key, line.default);
}

for await (const text of createInterface({ input: process.stdin })) {
  calls = [];
  let answer;
  try {
    answer = await details(JSON.parse(text));
  } catch (error) {
    answer = { thrown: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ ...answer, calls })}\n`);
}
await Promise.all([Server.close(), Web.close()]);
