// Sends a span every few seconds on a connection that it keeps, as OpenTelemetry's exporters for Node do.
import { Agent, request } from "node:http";

const [url, spans, pause, span] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

function send(body) {
  return new Promise((resolve) => {
    const sent = request(url, { method: "POST", agent, headers: { "content-type": "application/json" } }, (answer) => {
      if (answer.statusCode !== 200) console.error(body, answer.statusCode);
      answer.resume();
      answer.on("end", resolve);
    });
    sent.on("error", (error) => {
      console.error(body, error.message);
      resolve();
    });
    sent.end(body);
  });
}

for (let number = 1; number <= Number(spans); number++) {
  await send(span.replace("NUMBER", number.toString(16).padStart(16, "0")));
  if (number < Number(spans)) await new Promise((resolve) => setTimeout(resolve, 1000 * Number(pause)));
}
agent.destroy();
