// Measures the pictures on a page; run by tests/tui/browser.rs once everything is loaded.
//
// Writes a line for every word of a picture that is part of the page: its place and width in pixels of the
// picture. And a line for every row of cells of a picture that the page shows as an <img>: a letter a cell,
// `#` where something is drawn in it, `.` where it is of one colour.

function words(section) {
  const svg = section.querySelector("svg");
  const frame = svg.getBoundingClientRect();
  const lines = [];
  for (const text of svg.querySelectorAll("text")) {
    if (text.hasAttribute("text-anchor")) continue; // the title of the window
    const node = text.firstChild;
    for (const match of node.data.matchAll(/[0-9A-Za-z]+/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const box = range.getBoundingClientRect();
      const middle = (box.top + box.bottom) / 2 - frame.top;
      lines.push(["word", section.id, match[0], box.left - frame.left, box.width, middle].join(" "));
    }
  }
  return lines;
}

function cells(section) {
  const image = section.querySelector("img");
  const { left, top, width, height, columns, rows } = JSON.parse(section.dataset.cells);
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const lines = [];
  for (let y = 0; y < rows; y++) {
    let line = "";
    for (let x = 0; x < columns; x++) {
      // Without the edges, where neighbours may reach over, and without the foot, where lines are under text.
      const cell = context.getImageData(left + x * width + 2, top + y * height + 1, width - 4, height - 4);
      line += isPlain(cell.data) ? "." : "#";
    }
    lines.push(["row", section.id, line].join(" "));
  }
  return lines;
}

function isPlain(pixels) {
  for (let at = 0; at < pixels.length; at++) {
    if (Math.abs(pixels[at] - pixels[at % 4]) > 50) return false;
  }
  return true;
}

addEventListener("load", () => {
  const sections = [...document.querySelectorAll("section")];
  const found = sections.flatMap((section) => [...words(section), ...cells(section)]);
  document.body.replaceChildren();
  document.body.textContent = ["measured", ...found, "end"].join("\n");
});
