"""What axe says against a page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    # The only rule of WCAG 2.2 AA, and switched off where nobody asks for it.
    "rules": {"target-size": {"enabled": True}},
}

# Folds and menus are opened: what is in them has to be right, too. A menu may cover what lies
# under it, so menus are looked at one at a time.
OPEN = "folds => folds.forEach(fold => { fold.open = true; })"
# Clicking a label ticks its box, so the label is the target. What an open menu covers in part was
# measured before the menu was opened.
LOOK = """async ([theme, rules]) => {
  document.documentElement.dataset.theme = theme;
  // Room around a target does not make up for its size: it is gone where a name is longer.
  axe.configure({rules: [{id: "target-size", any: ["target-size"]}]});
  const found = await axe.run(document, rules);
  const menu = document.querySelector("details.menu[open]");
  const measured = node => {
    const target = document.querySelector(node.target[0]);
    const label = target.closest("label")?.getBoundingClientRect();
    return label?.width >= 24 && label.height >= 24 || menu && !menu.contains(target);
  };
  return found.violations
    .map(each => [each.id, each.nodes.filter(node => each.id != "target-size" || !measured(node))])
    .filter(([id, nodes]) => nodes.length)
    .map(([id, nodes]) => [id, nodes.slice(0, 3).map(node => node.html)]);
}"""


def violations(page: Page, theme: str) -> list[tuple[str, Any]]:
    """What axe says against this page in a theme."""
    # The page's own policy forbids scripts from elsewhere, so axe comes as the tool's own code.
    page.evaluate(AXE.read_text())
    page.evaluate("document.fonts.ready")
    return [tuple(each) for each in page.evaluate(LOOK, [theme, RULES])]
