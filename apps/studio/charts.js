// Saves a chart as PNG, SVG or HTML. Plotly's script comes from this server when it is first needed.
const WIDTH = 960;
const HEIGHT = 480;

function plotly(address) {
  window.fashionvizPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("no Plotly")));
    script.onerror = () => reject(new Error("not found"));
    document.head.append(script);
  }).catch((error) => {
    window.fashionvizPlotly = undefined; // the next press tries again
    throw error;
  });
  return window.fashionvizPlotly;
}

function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

async function picture(figure, format, data) {
  const Plotly = await plotly(data.script);
  const layout = { ...figure.layout, width: WIDTH, height: figure.layout.height ?? HEIGHT };
  const size = { format, width: WIDTH, height: layout.height, scale: format === "png" ? 2 : 1 };
  return Plotly.toImage({ data: figure.data, layout }, size);
}

async function page(figure, data) {
  const answer = await fetch(data.script);
  if (!answer.ok) throw new Error("not found");
  const script = await answer.text();
  // A word of a chart must not end the script that it stands in.
  const json = JSON.stringify({ data: figure.data, layout: figure.layout }).replaceAll("<", "\\u003c");
  const title = data.name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const text =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<style>body{margin:1rem;background:#fff}#chart{max-width:1100px;margin:auto}</style></head><body>` +
    `<div id="chart"></div><script>${script.replaceAll("</script", "<\\/script")}</script>` +
    `<script>const f=${json};Plotly.newPlot("chart",f.data,f.layout,{responsive:true});</script></body></html>`;
  return URL.createObjectURL(new Blob([text], { type: "text/html" }));
}

export default function (component) {
  const { data, parentElement } = component;
  const status = parentElement.querySelector("[role=status]");
  const buttons = [...parentElement.querySelectorAll("button")];
  parentElement.querySelector("[role=group]").setAttribute("aria-label", `Save ${data.name}`);
  for (const button of buttons) {
    const format = button.dataset.format;
    button.onclick = async () => {
      for (const each of buttons) each.disabled = true;
      status.textContent = "Making the file …";
      try {
        const figure = JSON.parse(data.figure);
        const address = format === "html" ? await page(figure, data) : await picture(figure, format, data);
        save(address, `${data.name}.${format}`);
        if (format === "html") setTimeout(() => URL.revokeObjectURL(address), 60000);
        status.textContent = `Saved ${data.name}.${format}`;
      } catch (error) {
        console.warn(error);
        status.textContent = "This did not work. Is the suite still running? Try again.";
      } finally {
        for (const each of buttons) each.disabled = false;
        button.focus();
      }
    };
  }
}
