# SPDX-License-Identifier: GPL-2.0-or-later
"""The rig: clusters of virtual machines for BProc's tests."""
