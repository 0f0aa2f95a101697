// Sends a span every few seconds on a connection that it keeps, by Deno's fetch.
const [url, spans, pause, span] = Deno.args;

for (let number = 1; number <= Number(spans); number++) {
  const body = span.replace("NUMBER", number.toString(16).padStart(16, "0"));
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
    await answer.text();
    if (!answer.ok) console.error(body, answer.status);
  } catch (error) {
    console.error(body, error.message);
  }
  if (number < Number(spans)) await new Promise((resolve) => setTimeout(resolve, 1000 * Number(pause)));
}
