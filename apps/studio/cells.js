// A grid of pictures, each a button that picks it. Arrow keys move between them, Enter and Space pick.
function cell(document) {
  const button = document.createElement("button");
  button.type = "button";
  const picture = document.createElement("img");
  picture.alt = "";
  const badge = document.createElement("b");
  badge.setAttribute("aria-hidden", "true");
  button.append(picture, badge);
  return button;
}

function move(grid, from, key) {
  const cells = [...grid.children];
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -from, End: cells.length - 1 - from };
  const target = cells[from + (steps[key] ?? Number.NaN)];
  if (!target) return false;
  for (const each of cells) each.tabIndex = each === target ? 0 : -1;
  target.focus();
  return true;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const grid = parentElement.querySelector("[role=group]");
  grid.setAttribute("aria-label", data.label);
  grid.style.setProperty("--side", `${data.side}px`);
  while (grid.children.length > data.cells.length) grid.lastElementChild.remove();
  while (grid.children.length < data.cells.length) grid.append(cell(grid.ownerDocument));
  data.cells.forEach((shown, place) => {
    const button = grid.children[place];
    const [picture, badge] = button.children;
    if (picture.src !== shown.picture) picture.src = shown.picture;
    badge.textContent = shown.number ? String(shown.number) : "";
    button.title = shown.words;
    button.setAttribute("aria-label", shown.words);
    button.setAttribute("aria-pressed", shown.number ? "true" : "false");
    if (button.tabIndex !== 0 || place) button.tabIndex = place ? -1 : 0;
    button.onclick = () => setTriggerValue("chosen", place);
    button.onkeydown = (event) => {
      if (move(grid, place, event.key)) event.preventDefault();
    };
  });
}
