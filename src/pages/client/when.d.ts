/** Of show/when.ts, which is served beside the scripts of the pages: see assets.ts. */

export declare function ago(time: number, now: number): string
export declare function took(milliseconds: number): string
