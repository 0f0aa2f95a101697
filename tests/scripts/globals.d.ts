// What Dash, ag-grid, React and cytoscape put into the window, as far as our scripts use it.
type Props = Record<string, unknown>;

interface GridNode {
  data?: unknown;
  rowIndex: number;
  setSelected(selected: boolean, alone: boolean): void;
}

interface GridApi {
  addEventListener(kind: string, listener: (event: any) => void): void;
  applyColumnState(state: Props): void;
  applyTransaction(change: Props): void;
  ensureIndexVisible(row: number, where?: string): void;
  ensureNodeVisible(node: GridNode, where: string): void;
  getAllDisplayedColumns(): unknown[];
  getDisplayedRowAtIndex(row: number): GridNode | undefined;
  getDisplayedRowCount(): number;
  getFocusedCell(): { rowIndex: number; column: unknown } | null;
  getFirstDisplayedRowIndex(): number;
  getLastDisplayedRowIndex(): number;
  getSelectedRows(): unknown[];
  getRowNode(key: string): GridNode | null | undefined;
  getVerticalPixelRange(): { top: number };
  isDestroyed(): boolean;
  onFilterChanged(): void;
  refreshCells(how: Props): void;
  setFocusedCell(row: number, column: unknown): void;
  setGridOption(name: string, value: unknown): void;
}

interface Cytoscape {
  batch(act: () => void): void;
  center(elements?: unknown): void;
  container(): HTMLElement;
  edges(): any;
  elements(): any;
  fit(elements: undefined, room: number): void;
  getElementById(id: string): any;
  height(): number;
  nodes(selector?: string): any;
  panBy(by: { x: number; y: number }): void;
  on(kind: string, selector: string, act: (event: any) => void): void;
  width(): number;
  zoom(): number;
  zoom(how: number | Props): void;
}

interface Window {
  dash_ag_grid: { getApi(id: string): GridApi; getApiAsync(id: string): Promise<GridApi> };
  dash_clientside: {
    no_update?: unknown;
    obsv: Record<string, (...given: any[]) => unknown>;
    set_props?: any;
  } & Record<string, any>;
  dashAgGridComponentFunctions: Record<string, (props: any) => unknown>;
  dashAgGridFunctions: Record<string, unknown>;
  React: any;
}
