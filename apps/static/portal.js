// The portal's moving parts: the health light, the live example, the copy button. The page reads well without them.
"use strict";

const byId = (id) => document.getElementById(id);

async function health() {
  const light = byId("health");
  const text = byId("health-text");
  try {
    const answer = await fetch("/health/ready", { cache: "no-store" });
    const state = await answer.json();
    light.dataset.state = state.ready ? "ready" : "down";
    text.textContent = state.ready ? "Ready: the self-test passed" : `Not ready: ${state.reason || "unknown reason"}`;
    light.title = state.ready ? `A test picture went through ${state.model}` : "";
  } catch {
    light.dataset.state = "down";
    text.textContent = "The server does not answer";
  }
  setTimeout(health, document.hidden ? 60000 : 20000);
}

function bars(predictions) {
  const rows = byId("example-bars").children;
  predictions.forEach((p, i) => {
    rows[i].querySelector(".name").textContent = p.label;
    rows[i].querySelector(".share").textContent = `${(100 * p.probability).toFixed(1)}%`;
    const fill = rows[i].querySelector(".fill");
    fill.style.width = `${100 * p.probability}%`;
    fill.style.background = `var(--class-${p.colour})`;
  });
}

async function example(number) {
  const box = byId("example");
  const next = byId("example-next");
  next.disabled = true;
  try {
    const answer = await fetch(`/portal/example/${number}.json`);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error.message);
    box.dataset.number = number;
    byId("example-photo").src = `/portal/example/${number}/photo.png`;
    byId("example-photo").alt = `Drawn example: ${body.kind}`;
    byId("example-looked").src = `/portal/example/${number}/looked.png`;
    byId("example-looked").alt = `Guided backpropagation: the pixels that spoke for ${body.predictions[0].label}`;
    byId("example-caption").textContent = `A drawn ${body.kind}, answered live by ${body.model}`;
    bars(body.predictions);
  } catch (error) {
    byId("example-caption").textContent = error.message || "The server does not answer.";
  } finally {
    next.disabled = false;
  }
}

function copyButton() {
  const snippet = byId("snippet");
  const button = byId("copy");
  snippet.textContent = snippet.textContent.replace("http://127.0.0.1:7860", location.origin);
  if (!navigator.clipboard) return; // browsers offer it on secure origins only
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(snippet.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
}

health();
copyButton();
if (byId("example")) {
  const box = byId("example");
  example(0);
  byId("example-next").addEventListener("click", () => {
    example((Number(box.dataset.number) + 1) % Number(box.dataset.count));
  });
}
