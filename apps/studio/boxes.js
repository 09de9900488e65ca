// A photo with a button over each thing found in it. Arrow keys move between them, Enter and Space choose.
function box(document) {
  const button = document.createElement("button");
  button.type = "button";
  const label = document.createElement("b");
  label.setAttribute("aria-hidden", "true");
  label.append(document.createTextNode(""), document.createElement("span"));
  button.append(label);
  return button;
}

function move(buttons, from, key) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -from, End: buttons.length - 1 - from };
  const target = buttons[from + (steps[key] ?? Number.NaN)];
  if (!target) return key in steps;
  for (const each of buttons) each.tabIndex = each === target ? 0 : -1;
  target.focus();
  return true;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const figure = parentElement.querySelector("[role=group]");
  figure.setAttribute("aria-label", data.label);
  const picture = figure.querySelector("img");
  if (picture.src !== data.picture) picture.src = data.picture;
  picture.alt = data.alt;
  picture.width = data.width;
  picture.height = data.height; // the room is kept while the photo is on its way
  const here = () => [...figure.querySelectorAll("button")];
  while (here().length > data.boxes.length) here().pop().remove();
  while (here().length < data.boxes.length) figure.append(box(figure.ownerDocument));
  const buttons = here();
  const first = Math.max(0, data.boxes.findIndex((shown) => shown.chosen));
  data.boxes.forEach((shown, place) => {
    const button = buttons[place];
    for (const side of ["left", "top", "width", "height"]) button.style[side] = `${shown[side]}%`;
    button.style.zIndex = String(shown.layer);
    const label = button.firstElementChild;
    label.dataset.down = shown.down;
    label.dataset.across = shown.across;
    label.firstChild.data = `${shown.number} ${shown.name}`;
    label.lastElementChild.textContent = shown.more ? ` ${shown.more}` : "";
    button.title = shown.words;
    button.setAttribute("aria-label", shown.words);
    button.setAttribute("aria-pressed", shown.chosen ? "true" : "false");
    button.tabIndex = place === first ? 0 : -1;
    button.onclick = () => setTriggerValue("chosen", place);
    button.onkeydown = (event) => {
      if (move(buttons, place, event.key)) event.preventDefault();
    };
  });
}
