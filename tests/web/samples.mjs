// Files of the kinds that people have, made here: pictures, sound, and a small library of documents whose words are found.
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

function crc(bytes) {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}

// A sky over a sea, so that the pictures show pictures.
export function picture(shade) {
  const [width, height] = [300, 200];
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const isSky = y < 110 + 12 * Math.sin(x / 40 + shade);
    const [r, g, b] = isSky ? [150 + 90 * Math.cos(shade), 180 + y / 3, 230 - y] : [70 + 60 * Math.sin(shade), 130 - y / 4, 140 + 40 * Math.sin(shade + 1)];
    rows.set([r, g, b].map((v) => Math.max(0, Math.min(255, v))), y * (width * 3 + 1) + 1 + x * 3);
  }
  const chunk = (type, data) => {
    const out = Buffer.alloc(12 + data.length);
    out.writeUInt32BE(data.length);
    out.write(type, 4);
    data.copy(out, 8);
    out.writeUInt32BE(crc(out.subarray(4, 8 + data.length)), 8 + data.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

// Ten seconds of a tone, long enough to be sought in.
export function sound() {
  const count = 80_000;
  const out = Buffer.alloc(44 + count);
  out.write("RIFF");
  out.writeUInt32LE(36 + count, 4);
  out.write("WAVEfmt ", 8);
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(1, 22);
  out.writeUInt32LE(8000, 24);
  out.writeUInt32LE(8000, 28);
  out.writeUInt16LE(1, 32);
  out.writeUInt16LE(8, 34);
  out.write("data", 36);
  out.writeUInt32LE(count, 40);
  for (let i = 0; i < count; i++) out[44 + i] = 128 + 60 * Math.sin(i / 6);
  return out;
}

// A ring, as an OBJ model.
export function ring() {
  const [around, across] = [48, 24];
  const lines = [];
  for (let i = 0; i < around; i++) for (let j = 0; j < across; j++) {
    const [a, b] = [(2 * Math.PI * i) / around, (2 * Math.PI * j) / across];
    lines.push(`v ${((3 + Math.cos(b)) * Math.cos(a)).toFixed(4)} ${Math.sin(b).toFixed(4)} ${((3 + Math.cos(b)) * Math.sin(a)).toFixed(4)}`);
  }
  const corner = (i, j) => (i % around) * across + (j % across) + 1;
  for (let i = 0; i < around; i++) for (let j = 0; j < across; j++) lines.push(`f ${corner(i, j)} ${corner(i + 1, j)} ${corner(i + 1, j + 1)} ${corner(i, j + 1)}`);
  return lines.join("\n") + "\n";
}

// A zip of stored members, which docx, xlsx and pptx are as well.
export function zip(members) {
  const heads = [];
  const parts = [];
  let at = 0;
  for (const [name, text] of Object.entries(members)) {
    const data = Buffer.from(text);
    const path = Buffer.from(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(0x5a21, 8); // 2025-01-01
    facts.writeUInt32LE(crc(data), 10);
    facts.writeUInt32LE(data.length, 14);
    facts.writeUInt32LE(data.length, 18);
    facts.writeUInt16LE(path.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), facts, path, data);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    heads.push(Buffer.from("PK\x01\x02\x14\x00"), facts, place, path);
    at += 30 + path.length + data.length;
  }
  const end = Buffer.alloc(18);
  const count = Object.keys(members).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(Buffer.concat(heads).length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, ...heads, Buffer.from("PK\x05\x06"), end]);
}

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

// A PDF with one page for each text, lines of it at "\n".
export function pdf(title, made, pages) {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(" ");
  const objects = [`<< /Type /Catalog /Pages 2 0 R >>`, `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>`];
  for (const text of pages) {
    const lines = text.split("\n").map((line) => `(${line.replace(/([()\\])/g, "\\$1")}) Tj T*`).join(" ");
    const drawn = `BT /F1 12 Tf 16 TL 60 760 Td ${lines} ET`;
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${objects.length + 2} 0 R >>`,
      `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
  }
  objects.push(`<< /Title (${title}) /Author (Ada Berg) /Producer (a test) /CreationDate (D:${made.replaceAll("-", "")}090000Z) >>`);
  let out = "%PDF-1.4\n";
  const places = objects.map((object, i) => {
    const place = out.length;
    out += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n` + places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  return out + `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${table}\n%%EOF\n`;
}

const office = "application/vnd.openxmlformats-officedocument";
const links = (list) => `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${
  list.map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/>`).join("")}</Relationships>`;
const core = (title, author, made) => `<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${escaped(title)}</dc:title><dc:creator>${author}</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">${made}T10:00:00Z</dcterms:created></cp:coreProperties>`;

function packed(main, kind, title, author, made, members, moreTypes = []) {
  const types = [[`/${main}`, `${office}.${kind}.main+xml`], ...moreTypes];
  return zip({
    "[Content_Types].xml": `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${types.map(([name, type]) => `<Override PartName="${name}" ContentType="${type}"/>`).join("")}<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`,
    "_rels/.rels": `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${main}"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`,
    "docProps/core.xml": core(title, author, made),
    ...members,
  });
}

export const docx = (title, author, made, paragraphs) => packed("word/document.xml", "wordprocessingml.document", title, author, made, {
  "word/document.xml": `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${
    paragraphs.map((text) => `<w:p><w:r><w:t>${escaped(text)}</w:t></w:r></w:p>`).join("")}</w:body></w:document>`,
});

// `sheets`: rows of cells by name.
export const xlsx = (title, author, made, sheets) => packed("xl/workbook.xml", "spreadsheetml.sheet", title, author, made, {
  "xl/workbook.xml": `<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>${
    Object.keys(sheets).map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join("")}</sheets></workbook>`,
  "xl/_rels/workbook.xml.rels": links(Object.keys(sheets).map((_, i) => ["worksheet", `worksheets/sheet${i + 1}.xml`])),
  ...Object.fromEntries(Object.values(sheets).map((rows, i) => [`xl/worksheets/sheet${i + 1}.xml`,
    `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows.map((cells, y) => `<row r="${y + 1}">${
      cells.map((cell, x) => typeof cell === "number" ? `<c r="${String.fromCharCode(65 + x)}${y + 1}"><v>${cell}</v></c>`
        : `<c r="${String.fromCharCode(65 + x)}${y + 1}" t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`).join("")}</row>`).join("")}</sheetData></worksheet>`])),
});

export const pptx = (title, author, made, slides) => packed("ppt/presentation.xml", "presentationml.presentation", title, author, made, {
  "ppt/presentation.xml": `<?xml version="1.0"?><p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:sldIdLst>${
    slides.map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`).join("")}</p:sldIdLst></p:presentation>`,
  "ppt/_rels/presentation.xml.rels": links(slides.map((_, i) => ["slide", `slides/slide${i + 1}.xml`])),
  ...Object.fromEntries(slides.map((text, i) => [`ppt/slides/slide${i + 1}.xml`,
    `<?xml version="1.0"?><p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>${escaped(text)}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>`])),
});

const kYear = "-05-12T09:00:00Z";

// A household's papers of some years, in two languages: what Find is tried on. Gives the number of files.
export function makeLibrary(folder) {
  const files = {
    "house/boiler/invoice-2019.pdf": ["2019", pdf("Invoice for the boiler", "2019-03-14", [
      "North Heating Ltd.\nTo the owner of 12 Harbour Street", "Conditions of work\nAll parts carry a warranty of five years.",
      "Invoice 2019-114\nReplacement of the boiler, copper pipes and labour\nTotal: 4,210.00, to be paid within 14 days"])],
    "house/boiler/service-2023.pdf": ["2023", pdf("Service report", "2023-11-02", ["Yearly service of the boiler.\nBurner cleaned, pressure 1.6 bar, no leaks found."])],
    "house/boiler/Wartung 2024.docx": ["2024", docx("Wartung der Heizung", "Jonas Holm", "2024-10-20", ["Wartung der Heizung im Oktober", "Der Brenner wurde gereinigt und der Druck im Kessel geprüft. Größere Mängel wurden nicht gefunden, die nächste Wartung ist im Herbst fällig.", "Rechnung folgt mit der Post."])],
    "house/kitchen/plan.pptx": ["2024", pptx("The new kitchen", "Ada Berg", "2024-02-01", ["The new kitchen: what we want", "Oak worktop, deep sink, and the boiler hidden behind a panel", "Costs and dates"])],
    "house/kitchen/costs.xlsx": ["2024", xlsx("Kitchen costs", "Ada Berg", "2024-02-11", { Quotes: [["what", "price"], ["worktop", 1840], ["sink", 312.5], ["plumber, boiler move", 650]], Dates: [["when", "what"], ["2024-05-02", "delivery"]] })],
    "house/kitchen/renovation.md": ["2025", "# Renovating the kitchen\n\nThe plumber moved the boiler on Tuesday. The invoice is still to come.\n\nTiles: **sea green**, from the shop in the harbour.\n"],
    "mail/about the boiler.eml": ["2021", "From: Jonas Holm <jonas@example.org>\r\nTo: Ada Berg <ada@example.org>\r\nSubject: The boiler makes a noise\r\nDate: Mon, 11 Jan 2021 08:30:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe boiler hums again, mostly at night. Shall we call North Heating?\r\n"],
    "old papers.zip": ["2018", zip({ "1998/boiler guarantee.txt": "Guarantee of the first boiler, bought in 1998. Keep together with the invoice.\n", "1998/letter.txt": "Dear Ada, the garden is in flower.\n", "lists/tools.csv": "tool,place\nhammer,shed\n" })],
    "garden/diary 2022.txt": ["2022", "March: the apple trees are pruned.\nApril: sowed peas along the wall.\nMay: the first roses open.\n"],
    "garden/Notizen.txt": ["2020", "Die Rosen an der Mauer brauchen im Frühjahr viel Wasser, und der alte Apfelbaum muss noch geschnitten werden. Im Herbst kommen die Zwiebeln in die Erde.\n"],
    "programs/pressure.py": ["2025", "# Reads the pressure of the boiler every minute.\ndef read_pressure(port):\n    return port.read_bar()\n"],
    "garden/apple tree.png": ["2022", picture(1.3)],
    "garden/roses.png": ["2023", picture(3.9)],
    "holiday/harbour.png": ["2024", picture(2.2)],
    "notes/broken.pdf": ["2025", "%PDF-1.4\nthis was cut off"],
  };
  for (const [name, [year, content]] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, new Date(year + kYear), new Date(year + kYear));
  }
  return Object.keys(files).length;
}
