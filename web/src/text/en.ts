// Every word of the page in English. Other languages are tables of the same form.
import { count, size } from "../format/format";

const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;
const files = (n: number): string => plural(n, "file", "files");

export const en = {
  verbs: {
    close: "Close", again: "Try again", copy: "Copy", cancel: "Cancel", save: "Save", remove: "Remove", rename: "Rename", move: "Move",
    open: "Open", download: "Download", share: "Share", restore: "Restore", create: "Create", add: "Add", end: "End",
    showMore: "Show more", preview: "Preview", done: "Done", skip: "Not now",
  },
  states: {
    loading: "Loading…", copied: "Copied", none: "none", unknown: "unknown", shownOnce: "Shown this once. Keep it now.",
  },
  errors: {
    unreachable: "The server does not answer. It may be restarting; the page tries again by itself.",
    signedOut: "Sign in again to go on.",
    pageBroken: "Something in this page went wrong. Your data is not touched by that.",
    noPage: "There is no such page",
    noPageWords: "The address may be mistyped, or what was here has moved.",
    toHome: "To the start",
  },
  shell: {
    name: "Atoll", skip: "To the content", menu: "Menu", navigation: "Pages", search: "Find a file", account: "Account", signOut: "Sign out",
    theme: "Appearance", themes: { device: "As this device", light: "Light", dark: "Dark" }, vault: "Vault", keys: "Keyboard",
    offline: "The server does not answer. What you see may be old; it goes on as soon as the server is back.",
    pages: { home: "Home", files: "Files", find: "Find", activity: "Activity", safety: "Safety", jobs: "Jobs", monitor: "Monitor", settings: "Settings" },
    keyList: [
      ["/", "find a file"], ["g then h, f, a, s", "to Home, Files, Activity, Safety"], ["Arrow keys", "move in a list of files"],
      ["Enter", "open"], ["Space", "select or unselect"], ["Shift + arrow", "select several"], ["Ctrl + A", "select all that is loaded"],
      ["Delete", "remove"], ["F2", "rename"], ["Backspace", "one folder up"], ["?", "this list"],
    ] as Array<[string, string]>,
  },
  signIn: {
    title: "Sign in", name: "Name", password: "Password", code: "Code of your authenticator app",
    codeHelp: "Six digits. Leave it empty if your account asks for none.", verb: "Sign in", needsCode: "I have a code",
    wrong: "Name, password or code is wrong.", first: "First time here? The server printed name and password in its terminal when it was first started.",
    slow: "Too many tries. Wait a moment, then try again.",
  },
  home: {
    title: "Home", search: "Find anything by name", searchHint: "A word, *.jpg, size>10MB, modified>-7d …", find: "Find",
    stored: (n: number, bytes: number): string => `${files(n)}, ${size(bytes)}`,
    takes: (bytes: number): string => `takes ${size(bytes)} on the disk`, lastStored: (when: string): string => `last stored ${when}`,
    checked: (when: string): string => `every byte read and checked ${when}`, copies: (n: number): string => plural(n, "copy besides this one", "copies besides this one"),
    kitSaved: "recovery kit saved", free: (bytes: number): string => `${size(bytes)} free`, months: (n: number): string => `room for about ${plural(n, "month", "months")}`,
    latest: "Arrived last", jobs: "Being done", nothingYet: "Nothing is stored yet", nothingYetWords: "Drop files or a folder anywhere on this page, or choose some.",
    removal: (n: number, when: string): string => `${plural(n, "file was", "files were")} removed ${when}`, bringBack: "Bring back", seeAll: "All activity",
  },
  first: {
    title: "Two things, and it is set up", kit: "Save the recovery kit", kitDone: "The recovery kit is saved.", files: "Store something", find: "Find it again",
    filesWords: "Drop files or a whole folder anywhere on this page. They go into the bucket:", bucketHelp: "A bucket is a place for files. Small letters, digits and hyphens, at least three.",
    chooseFiles: "Choose files", chooseFolder: "Choose a folder", findWords: "Type part of a name. This works while files are still arriving.", hide: "Hide this",
  },
  kit: {
    words: "If the disk with this server's key dies, the kit is the only way back to your data. Save it where the server is not: print the page, or put the file on a stick.",
    warning: "Whoever holds the kit can read everything. A new kit replaces the one before it.",
    make: "Make a kit and save it", makeNew: "Make a new kit", page: "Save the page to print", file: "Save the small file", saved: "Both are on your computer now? Move them to a stick or paper, and delete them from the downloads.",
    insecure: "This connection is not encrypted, so the kit cannot be sent over it. Open the page with https, or on the server's own machine, or run there:",
    confirm: "Yes, both are saved",
  },
  files: {
    buckets: "Buckets", newBucket: "New bucket", bucketName: "Name", bucketMade: (name: string): string => `Bucket ${name} is there`,
    objects: (n: number): string => plural(n, "entry", "entries"), noBuckets: "No buckets yet", noBucketsWords: "A bucket is a place for files, such as photos or documents. Make one, or drop a folder here: its name becomes the bucket.",
    name: "Name", size: "Size", modified: "Changed", select: (name: string): string => `Select ${name}`, selectAll: "Select all that is loaded",
    selected: (n: number): string => `${count(n)} selected`, clear: "Clear selection", upload: "Store files", newFolder: "New folder",
    empty: "Nothing in here", emptyWords: "Drop files or folders here to store them.", filter: "Names that begin with …", showDeleted: "Show removed", hideDeleted: "Hide removed",
    zip: "Download as zip", asOf: "As it was on", now: "Now", asOfShown: (when: string): string => `This is how it was ${when}. Nothing can be changed here.`, restoreFolder: "Make it so again",
    restoredFolder: "The folder is as it was then", viewList: "As a list", viewGrid: "As pictures", more: "More", entries: (n: number, isAll: boolean): string => isAll ? plural(n, "entry", "entries") : `${count(n)} and more`,
    removedOn: (when: string): string => `removed ${when}`, goesIn: (days: number): string => days <= 0 ? "goes with the next clean-up" : `goes for good in ${plural(days, "day", "days")}`,
    removeTitle: "Remove?", removeFiles: (n: number): string => `Remove ${plural(n, "entry", "entries")}? They stay in the history and can be brought back.`,
    removeCounted: (n: number, bytes: number): string => `${files(n)}, ${size(bytes)}.`, removed: (n: number): string => `${plural(n, "entry was", "entries were")} removed`,
    renameTitle: (name: string): string => `Rename ${name}`, newName: "New name", renamed: (name: string): string => `Renamed to ${name}`,
    moveTitle: (n: number): string => `Move ${plural(n, "entry", "entries")}`, moveTo: "To folder", moveHelp: "Bucket and folder, such as photos/2024/. Folders that are not there are made.", moved: (n: number): string => `${plural(n, "entry was", "entries were")} moved`,
    nameTaken: "There is something of that name already.", tags: "Tags", folderName: "Name of the folder", folderHelp: "It is there as soon as a file lies in it: now drop files into it.",
    restoredOne: (name: string): string => `${name} is back`, cannotSort: "Only short folders are sorted otherwise than by name", path: "Path", openInBucket: "Where should they go?",
    chooseBucket: "Bucket for these files", dropHere: (place: string): string => `Drop to store in ${place}`, dropNewBucket: "Drop to store in a new bucket",
  },
  uploads: {
    title: "Storing files", summary: (done: number, total: number): string => `${count(done)} of ${files(total)}`, allDone: (n: number): string => `${files(n)} stored`, failed: (n: number): string => `${files(n)} not stored`,
    pause: "Pause", resume: "Go on", stop: "Stop", left: (time: string): string => `about ${time} left`, waiting: "waits for the server", paused: "paused", clear: "Clear the list", show: "Show files", hide: "Hide files",
    needsFiles: (n: number): string => `${files(n)} from before the page was closed`, needsWords: "The browser has to be shown these files again; what was sent already is not sent twice.", again: "Choose them again", allow: "Go on with them",
    reading: "reading the folder …", rest: (n: number): string => `and ${count(n)} more`, retry: "Try the failed ones again", target: (place: string): string => `into ${place}`,
  },
  preview: {
    tooLarge: (bytes: number): string => `Too large to show here (${size(bytes)}). Download it to open it.`, none: "There is no preview for this kind of file.", asText: "As text", asPage: "As a page", cutOff: (bytes: number): string => `Only the first ${size(bytes)} are shown.`,
    safePage: "Shown in a closed frame: no scripts, nothing is loaded from elsewhere.", rows: (n: number, all: boolean): string => all ? plural(n, "row", "rows") : `the first ${plural(n, "row", "rows")}`, binary: "This is not text.", frame: (name: string): string => `Content of ${name}`,
  },
  object: {
    details: "Details", versions: "Versions", diff: "What changed", where: "Where it is", who: "Who may", source: "Where it comes from", current: "now", by: (who: string): string => `by ${who}`, size: "Size", modified: "Changed", stored: "Stored", type: "Type", kept: "Kept as", version: "Version", chunks: (n: number): string => plural(n, "piece", "pieces"), tier: "Tier", onDisk: "On the disk",
    restoreThis: "Restore this version", restoreAsk: (when: string): string => `Make the version of ${when} the newest again? What is there now stays as a version.`, restored: "The earlier version is the newest again", show: "Show", compare: "Compare with the one before", oneVersion: "There is one version only.", removedNow: (when: string): string => `This file was removed ${when}.`, before: "Before", after: "After", sameContent: "The content is the same.", notText: (same: number, changed: number): string => `Not text: ${size(same)} are the same, ${size(changed)} differ.`,
    tags: "Tags", metadata: "Metadata", addTag: "Add a tag", addEntry: "Add an entry", tagName: "Name", tagValue: "Value", unit: "Unit", metadataHelp: "A change of metadata makes a new version.", savedTags: "Saved", changed: { content: "content", metadata: "metadata", tags: "tags", kind: "kind" } as Record<string, string>, noSource: "Nothing is recorded about where this comes from.", sources: "Made from", transformation: "How", author: "Author", description: "Description", whoWords: "Rights that reach this file. What nothing allows is denied.", everyOwner: "Owners of the home always may.", noGrants: "Nobody but the owners has a right here.", denied: "denied", expires: (when: string): string => `until ${when}`, links: "Links to it", noLinks: "No links",
  },
  share: {
    title: (name: string): string => `Share ${name}`, words: "Whoever has the link can read it, without an account, until it ends.", uploads: "Let people leave files here instead; they see nothing", expires: "Ends", in: { "1d": "after a day", "7d": "after a week", "30d": "after 30 days", "365d": "after a year", "": "never" } as Record<string, string>, password: "Password", passwordHelp: "Leave it empty for none. Tell it to people by another way than the link.", downloads: "Downloads at most", downloadsHelp: "Empty: any number.", label: "For whom", make: "Make the link", made: "The link", ended: "The link does not work any more", none: "No links are out", noneWords: "Links that you make in Files are listed here, to be ended at any time.", fileWords: "A file for you", folderWords: "A folder for you", takes: "Leave files here", takesWords: "Drop files here. Nobody but whoever made this link sees them.", gone: "This link does not work", goneWords: "It has ended, was used up, or was taken back. Ask whoever sent it.", needsPassword: "This link asks for a password", open: "Open", left: (n: number): string => plural(n, "download left", "downloads left"), until: (when: string): string => `until ${when}`, leftFile: (name: string): string => `${name} has arrived`, uploadsChip: "takes files", passwordChip: "password", used: (n: number, most: number): string => most > 0 ? `${count(n)} of ${count(most)} downloads` : plural(n, "download", "downloads"),
  },
  undo: { verb: "Undo", done: "Taken back", donePartly: (n: number): string => `Taken back, but ${plural(n, "entry was", "entries were")} changed since and left as they are`, title: "Take this back?", nothing: "Nothing would change.", plan: { brought_back: "brought back", put_back: "set to the earlier version", retagged: "tags set back", removed: "removed", other_rows: "other changes", left: "left alone: changed since", impossible: "cannot be taken back" } as Record<string, string>, isUndone: "taken back" },
  activity: {
    title: "Activity", changes: "Changes", reads: "Reads and refusals", by: "By", everybody: "Everybody", denied: "Refused only", nothing: "Nothing happened yet", nothingWords: "Everything that is stored, changed or removed will be listed here, with a way back.", noReads: "Nothing is recorded", undo: "Take back", count: (n: number): string => files(n), tooOld: "too long ago to take back",
    kinds: { put_objects: "stored", remove_objects: "removed", create_bucket: "made a bucket", remove_bucket: "removed a bucket", restore_objects: "restored", tag_objects: "tagged", policy_change: "changed how long things are kept", rewind: "went back in time", undo: "took back", erase_objects: "removed for good", snapshot_change: "changed a snapshot", copy_change: "changed a copy", schedule_change: "changed a schedule", describe_versions: "described", access_change: "changed rights", key_change: "changed keys", expire_versions: "ended old versions", upload_change: "uploaded" } as Record<string, string>,
    time: "When", who: "Who", what: "What", where: "Where", result: "Result", allowed: "done", refused: "refused",
  },
  safety: {
    title: "Safety", isSafe: "All is well", isSafeWords: "Everything below was tested, not only set up.", open: (n: number): string => plural(n, "thing is not safe yet", "things are not safe yet"), copies: "Copies", noCopies: "One copy only: if this disk dies, everything is gone.", copyHelp: "Connect another disk to the server, or use a folder on another machine, then run there:", behind: (n: number): string => n === 0 ? "up to date" : `${plural(n, "change", "changes")} behind`, sameDisk: "on the same disk: it dies with it", synced: "Brought up to date", checked: "Checked", check: "Checks", checkWords: "A full check reads every byte back and compares it with its checksum.", checkNow: "Check everything now", checkStarted: "The check has begun", lastFull: "Every byte read", lastStructure: "Structure read", lastGc: "Cleaned up", ok: "no damage found", damage: "damage was found: see the log of the server", kit: "Recovery kit", schedules: "Schedules", noSchedules: "Nothing runs by the clock yet.", missed: "was missed", went: "went well", failed: "failed", last: "last", next: "next", alarms: "Warnings since the server was started", noAlarms: "None.", policy: "How long things are kept", commandWords: "Run on the server's machine:", encryption: "Encryption", encrypted: "AES-256-GCM", notEncrypted: "none: whoever has the disk can read it", free: "Free on the disk", never: "never",
  },
  jobs: { title: "Jobs", none: "No jobs", noneWords: "Long work such as checks and clean-ups is listed here while it runs and after it ended.", kinds: { gc: "Clean-up", verify: "Check", checkpoint: "Checkpoint", tiers: "Moving between tiers" } as Record<string, string>, states: { waiting: "waits", running: "runs", done: "done", failed: "failed", cancelled: "ended early" } as Record<string, string>, start: "Start", end: "End it early", left: (time: string): string => `about ${time} left`, took: (time: string): string => `took ${time}`, check: "Check everything", checkQuick: "Check the structure only", clean: "Clean up", cleanTitle: "Clean up?", cleanWords: "Ends versions whose time is over and gives their room back. This is what it would do:" , cleanVerb: "Clean up", planning: "Finding out what it would do …" },
  settings: {
    title: "Settings", account: "My account", people: "People", roles: "Roles", tokens: "Tokens", keys: "S3 keys", links: "Links", server: "Server", policy: "Keeping",
    password: "Password", oldPassword: "Password now", newPassword: "New password", passwordHelp: "At least ten characters.", passwordChanged: "The password is changed. Sign in with it.", changePassword: "Change the password",
    addPerson: "Add somebody", name: "Name", displayName: "Shown as", role: "Role", where: "Where", everywhere: "everywhere", kind: "Kind", kinds: { person: "person", agent: "agent", service: "service" } as Record<string, string>, disabled: "may not sign in", enable: "Let sign in again", disable: "Do not let sign in", personMade: (name: string): string => `${name} can sign in now`, removePerson: (name: string): string => `Remove ${name}? What was stored stays; rights, tokens, keys and links end.`, rights: "Rights", addRight: "Give a right", noRights: "No rights yet: may do nothing.", takeBack: "Take back", bucketOptional: "Bucket or folder; empty: everywhere",
    newToken: "New token", tokenFor: "What it is for", expires: "Ends", tokenMade: "The token", noTokens: "No tokens", noTokensWords: "A token lets a program in your name, as far as you say.", revoke: "End it", revoked: "It does not work any more", lastUsed: "Last used", never: "never used", scope: "May", scopeAll: "all that I may", until: "Ends",
    newKey: "New S3 key", noKeys: "No S3 keys", noKeysWords: "For every program that speaks S3: aws, rclone, restic, boto3 and others.", keyId: "Access key id", secret: "Secret access key", snippets: "Ready to use", roleRules: "May", own: "of this home", preset: "always there", version: "Version", address: "Address", running: "Runs for", proxies: "Trusted proxies", region: "S3 region", domain: "S3 domain",
  },
  monitor: { title: "Monitor", none: "No figures yet", noneWords: "This server does not record figures over time.", in: "Bytes in", out: "Bytes out", requests: "Requests per second", latency: "Answer time", cache: "Cache hits", range: "Time", ranges: { "1h": "an hour", "1d": "a day", "30d": "30 days", "1y": "a year" } as Record<string, string>, drives: "Drives", dedup: "Saved by storing equal pieces once", stored: "Stored", onDisk: "On the disk", free: "Free", },
  find: { title: "Find", words: "Words or conditions", none: "Nothing was found", noneWords: "Names are compared, letters in any case. Try a shorter word, or *.jpg, size>10MB, modified>-7d, tag.project:alpha.", results: (n: number, more: boolean): string => more ? `${count(n)} and more` : plural(n, "result", "results"), kinds: { any: "Any kind", image: "Pictures", video: "Video", audio: "Sound", pdf: "PDF", text: "Text" } as Record<string, string>, when: { any: "Any time", "-1d": "Last day", "-7d": "Last week", "-30d": "Last 30 days", "-365d": "Last year" } as Record<string, string>, sizes: { any: "Any size", "1MB": "Over 1 MB", "10MB": "Over 10 MB", "100MB": "Over 100 MB", "1GB": "Over 1 GB" } as Record<string, string>, kind: "Kind", time: "Changed", size: "Size", bucket: "Bucket", allBuckets: "All buckets", used: "Searched by names, sizes, times, types, tags and metadata. Not by what is written in files.", start: "What are you looking for?" },
};
