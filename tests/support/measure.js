// What is wrong with this page as it is laid out, told to the page around it.
(() => {
  const faults = [];
  const fault = (what, where) => faults.push(`${what}: ${String(where).slice(0, 80)}`);
  const width = innerWidth;
  const page = document.documentElement;
  if (page.scrollWidth > width) fault(`the page is ${page.scrollWidth} wide, the window ${width}`, location.href);
  if (window.broken) fault("a script of the measurement was run", "window.broken");
  performance.getEntriesByType("resource").forEach((entry) => fault("fetched", entry.name));

  // Colours. Text has no opacity of its own here; what is behind it is the nearest background.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(colour).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const readable = (element, colour, where) => {
    const found = contrast(colour, behind(element));
    if (found < 4.5) fault(`contrast ${found.toFixed(2)}`, where);
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("svg, script, style")) continue;
    const style = getComputedStyle(element);
    texts += 1;
    if (parseFloat(style.fontSize) < 10) fault(`text of ${style.fontSize}`, node.data);
    readable(element, style.color, node.data);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const boxed = element.closest(".scroll, pre, .hidden");
    if (!boxed && (box.left < -0.5 || box.right > width + 0.5)) fault("text beyond the window", node.data);
  }

  const plots = [...document.querySelectorAll("svg")];
  for (const svg of plots) {
    const frame = svg.getBoundingClientRect();
    const name = svg.querySelector("title")?.textContent ?? "";
    if (!name || !svg.querySelector("desc")?.textContent) fault("a plot without a name or a description", name);
    if (svg.getAttribute("role") !== "img") fault("a plot that is no image", name);
    if (!(frame.width > 50 && frame.height > 15)) fault(`a plot of ${frame.width} by ${frame.height}`, name);
    if (frame.left < -0.5 || frame.right > width + 0.5) fault("a plot beyond the window", name);
    if (!svg.querySelector("rect, path, circle")) fault("a plot with nothing in it", name);
    const scale = frame.width / svg.viewBox.baseVal.width;
    const written = [...svg.querySelectorAll("text")].map((text) => ({ text, box: text.getBoundingClientRect() }));
    written.forEach(({ text, box }, index) => {
      const style = getComputedStyle(text);
      const where = `${name}: ${text.textContent}`;
      texts += 1;
      const size = parseFloat(style.fontSize) * scale;
      if (size < 10) fault(`text of ${size.toFixed(1)} px`, where);
      readable(svg, style.fill, where);
      const beside = box.left < frame.left - 1 || box.right > frame.right + 1;
      const above = box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
      if (beside || above) fault("text leaves its plot", where);
      for (const other of written.slice(index + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 0.5 && down > 1.5) fault("texts overlap", `${where} / ${other.text.textContent}`);
      }
    });
  }

  // What a screen reader and a keyboard go by.
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => fault("an id taken twice", id));
  for (const element of document.querySelectorAll("[aria-labelledby]")) {
    const names = element.getAttribute("aria-labelledby").split(" ");
    names.filter((id) => !document.getElementById(id)).forEach((id) => fault("no such name", id));
  }
  for (const link of document.querySelectorAll("a[href]")) {
    if (!document.querySelector(link.getAttribute("href"))) fault("a link to nothing", link.href);
  }
  let last = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Number(heading.tagName[1]);
    if (level > last + 1) fault(`a heading of level ${level} after one of level ${last}`, heading.textContent);
    last = level;
  }
  const titles = document.querySelectorAll("main h1").length;
  if (titles !== 1) fault(`${titles} headings of level 1 in main`, document.title);
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent) fault("a table without a caption", table.textContent);
    const name = table.caption?.textContent ?? "";
    if (table.querySelector("th:not([scope])")) fault("a table's heading without a scope", name);
    const box = table.closest(".scroll");
    if (box?.tabIndex !== 0 || box.getAttribute("role") !== "region") fault("a table that keys cannot scroll", name);
  }

  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const isDark = luminance(getComputedStyle(document.body).backgroundColor) < 0.5;
  if (isDark !== dark) fault("the page's colours are not those asked for", dark);
  const [height, length] = [innerHeight, page.scrollHeight];
  parent.postMessage({ width, height, length, dark, plots: plots.length, texts, faults }, "*");
})();
