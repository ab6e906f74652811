"""Settings of the site; tools/build_site.py brings the pages together and calls Sphinx."""

import os

project = "Mixture of experts, from 1991 to Mixtral"
author = "the authors of moe-lesson"
html_title = "Mixture of experts"
release = os.environ["MOE_SITE_VERSION"]
repository = os.environ.get("MOE_SITE_REPOSITORY", "")  # https://github.com/owner/name, or nothing

extensions = ["myst_nb"]
exclude_patterns = ["static"]
nb_execution_mode = "off"  # the saved outputs are what the tests compare
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = True
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["course.css"]
html_favicon = "static/icon.svg"
html_context = {"default_mode": "auto"}
html_show_copyright = False
mathjax_path = "tex-svg.js"  # into static/ by tools/build_site.py: nothing asks another host
html_theme_options = {
    "repository_url": repository,
    "use_repository_button": bool(repository),
    "use_issues_button": bool(repository),
    "use_download_button": True,
    "show_toc_level": 2,
    "navbar_persistent": [],  # the sidebar has the search
}
if repository:
    html_theme_options["launch_buttons"] = {
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
        "notebook_interface": "jupyterlab",
    }
