// SPDX-License-Identifier: Apache-2.0

public import LockEvents

/// A source's events go straight into the engine.
extension LockOrderEngine: LockEventSink {}
