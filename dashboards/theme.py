"""Colours of pages and charts, set once: Okabe and Ito's, told apart by people who see colours differently.

The first four have a contrast of at least 3:1 against the light and the dark background, so that both use
the same; a chart with more series than these labels them directly.
"""

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
VERMILION = "#D55E00"
GREY = "#8A8A8A"

CATEGORICAL_COLOURS = [BLUE, VERMILION, GREEN, PINK, ORANGE, SKY]
# One hue, light to dark, for grids such as cohorts.
SEQUENTIAL_COLOURS = [
    "#f7fbff", "#e3eef9", "#cfe1f2", "#b5d4e9", "#93c3df",
    "#6daed5", "#4b97c9", "#2f7ebc", "#1864aa", "#08306b",
]  # fmt: skip
# Blue and orange, never red and green, for more and less than the middle.
DIVERGING_COLOURS = [
    "#7f3b08", "#b35806", "#e08214", "#fdb863", "#fee0b6",
    "#d8daeb", "#92c5de", "#4393c3", "#2166ac", "#053061",
]  # fmt: skip
# Lighter than blue, for the dark scheme; white letters on it have a contrast of 4.5:1.
DARK_SCHEME_BLUE = "#1B7CBB"
# Streamlit writes what is selected in the primary colour on a tint of it: too faint in the dark, where that
# colour has to carry white letters as well.
STYLE = ".stApp button[data-variant][data-selected]:not([data-disabled]) { color: inherit; }"
# What was before is grey and dashed; what is not over is hollow.
THIS_PERIOD_COLOUR, BEFORE_COLOUR = BLUE, GREY


def theme_options() -> dict[str, object]:
    """Return Streamlit's theme, named for both schemes: a colour of neither would switch the dark one off."""
    return {
        "theme_light_primaryColor": BLUE,
        "theme_dark_primaryColor": DARK_SCHEME_BLUE,
        "theme_light_chartCategoricalColors": CATEGORICAL_COLOURS,
        "theme_dark_chartCategoricalColors": CATEGORICAL_COLOURS,
        "theme_light_chartSequentialColors": SEQUENTIAL_COLOURS,
        "theme_dark_chartSequentialColors": SEQUENTIAL_COLOURS[::-1],
        "theme_light_chartDivergingColors": DIVERGING_COLOURS,
        "theme_dark_chartDivergingColors": DIVERGING_COLOURS,
    }
