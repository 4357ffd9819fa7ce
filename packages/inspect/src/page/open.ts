/**
 * Which scopes are open. The picture is drawn anew by the same code that drew it first: the page looks as if it had been
 * made with these scopes open.
 */
import { drawing } from "../render/drawing.ts";
import { layout } from "../render/layout.ts";
import type { Group } from "../view/scopes.ts";
import type { View } from "../view/view.ts";
import { viewFrom } from "../view/view.ts";
import type { PageData } from "./data.ts";
import { namesOf } from "./names.ts";
import { Picture } from "./picture.ts";
import { groupsFrom } from "./scopes.ts";

/** More boxes than these are not laid out while somebody waits. */
const mostBoxes = 400;

export class Scopes {
  private readonly data: PageData;
  private readonly groups: readonly Group[];
  private open: ReadonlySet<Group>;
  private shown: View;

  constructor(data: PageData) {
    this.data = data;
    this.groups = groupsFrom(data.scopes, data.trace.nodes);
    this.open = new Set(data.open.map((place) => this.groups[place]!));
    this.shown = this.viewOf(this.open);
  }

  get view(): View {
    return this.shown;
  }

  isOpen(scope: Group): boolean {
    return this.open.has(scope);
  }

  /** Opens or closes a scope; tells why that cannot be. What was open in it is open again when it is. */
  toggle(scope: Group): "sealed" | "many" | null {
    if (this.isSealed(scope)) return "sealed";
    const open = new Set(this.open);
    if (!open.delete(scope)) open.add(scope);
    return this.change(open) ? null : "many";
  }

  /** What the address says of scopes: nothing while they are as they were at first. */
  hash(): string {
    const places = this.groups.flatMap((group, place) => (this.open.has(group) ? [place] : []));
    return places.join(".") === this.data.open.join(".") ? "" : `&open=${places.join(".")}`;
  }

  /** Opens what the address names; whether anything is open or closed now that was not before. */
  openAs(places: string | undefined): boolean {
    const wanted =
      places === undefined ? this.data.open : places.split(".").filter((text) => text !== "");
    const open = new Set(
      wanted
        .flatMap((place) => this.groups[Number(place)] ?? [])
        .filter((group) => group.parent !== null && !this.isSealed(group)),
    );
    const isSame = open.size === this.open.size && [...open].every((group) => this.open.has(group));
    return !isSame && this.change(open);
  }

  /** Draws the view into its place. */
  draw(place: Element, decimalComma: boolean): Picture {
    const placed = layout("page", this.shown, namesOf(this.data), this.data.direction);
    // Everything that comes from the trace is made harmless while it is drawn.
    place.innerHTML = drawing(this.shown, placed, "", "group");
    return new Picture(place, this.shown, decimalComma);
  }

  private isSealed({ members: [first] }: Group): boolean {
    return first !== undefined && "op" in first && this.data.sealed[first.id] !== undefined;
  }

  private change(open: ReadonlySet<Group>): boolean {
    const view = this.viewOf(open);
    if (view.boxes.length > Math.max(mostBoxes, this.shown.boxes.length)) return false;
    this.open = open;
    this.shown = view;
    return true;
  }

  private viewOf(open: ReadonlySet<Group>): View {
    return viewFrom(this.data.trace, this.groups[0]!, open);
  }
}
