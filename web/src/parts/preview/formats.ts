// Of which files the server makes small pictures, as far as the name and the type tell: what it cannot be asked for is not
// asked for. The table of the program is docs/formats.md.
export interface Named {
  key: string;
  content_type?: string;
}

const kUnsaid = "application/octet-stream";
const kShownTypes = /^image\/(jpeg|png|gif|webp|avif|bmp|svg\+xml)$/;
const kShownEndings = /\.(jpe?g|png|gif|webp|avif|bmp|svg)$/i;
const kDrawnTypes = /^(image|video|audio|model)\/|^application\/(pdf|epub\+zip)$|openxmlformats|opendocument/;
const kDrawnEndings = new RegExp("\\.(" + [
  "jpe?g|png|gif|webp|avif|bmp|svg|hei[cf]|tiff?|ico|ps[db]|jp2|jxl|cr[23]|nef|nrw|arw|dng|orf|rw2|raf|pef|raw",
  "mp4|m4v|mov|3gp|avi|wmv|flv|mkv|webm|mts|m2ts|mpe?g|vob|ogv|mp3|wav|aac|flac|og[ga]|opus|m4[ab]|wma|aiff?|ape|amr",
  "pdf|docx|odt|epub|xlsx|ods|pptx|odp|odg|cbz|rtf|mobi|fb2|dxf|gcode|gco|stl|obj|ply|gltf|glb|3mf"].join("|") + ")$", "i");

const says = (file: Named): string => (file.content_type === kUnsaid ? "" : file.content_type ?? "");
// The original, in an <img>.
export const isShownByBrowser = (file: Named): boolean => (says(file) === "" ? kShownEndings.test(file.key) : kShownTypes.test(says(file)));
export const hasPreview = (file: Named): boolean => kDrawnEndings.test(file.key) || kDrawnTypes.test(says(file));
// Drawn out of their words, where their program put no picture into them: shown as words, all of them, where they are opened.
export const isOfWords = (file: Named): boolean => /\.(docx|odt|epub|xlsx|ods|pptx|odp|rtf|fb2|mobi)$/i.test(file.key);
export const isModel = (file: Named): boolean => /\.(stl|obj|ply|gltf|glb|3mf)$/i.test(file.key);
