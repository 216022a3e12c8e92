/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The scenarios:
 *
 *	{ name, locks, steps, what lockdep says, what livedep is to say, why they differ on purpose }
 *
 * livedep's findings are named in the order of the alphabet, with their grades.
 *
 * Locks: a kind (m mutex, s rw_semaphore, p percpu_rw_semaphore, t rt_mutex, w ww_mutex) and a name, a letter. Names with
 * digits are instances of one class.
 *
 * Steps: `;` separates steps, which run one after the other in a process each; `|` separates processes that run at the same
 * time. What a step holds at its end is released, the innermost lock first.
 *
 *	A  take it for writing      rA  for reading             A?  trylock               A/  with subclass 1
 *	iA interruptibly            kA  killably                cA  under the ww context  ^A  nested under the lock G
 *	-A release it               vA  downgrade it to a reader
 *	nA down_read_non_owner      ~A  released by another task
 *	*A initialise it, in place  >AB free A; B comes to be where A was
 *	[ ] begin and end a ww context
 *	.  wait until the other process is at its own `.`
 *	z  sleep until a signal     !   end without releasing anything
 *
 * PREEMPT_RT finds a task that waits for itself, or for another that waits for it, on its own, and stops it for ever, signals
 * or not (rt_mutex_handle_deadlock in kernel/locking/rtmutex.c): such scenarios are not played there.
 *
 * An i or k that has to wait goes on waiting until the driver sends a signal; then its step ends.
 */
#ifndef LIVEDEP_VERDICTS_SCENARIOS_H
#define LIVEDEP_VERDICTS_SCENARIOS_H

#define SAME_CLASS "without annotations, two instances of one class in one order are no evidence of anything"
#define INLINED "percpu readers are inlined, no function tells of them"

/* What holds for every kind of lock alike. */
#define OF_EACH_KIND(kind, k)									\
	{ kind "_inverted", k "A " k "B", "A B;B A", "circular", "cycle (bound)", "" },		\
	{ kind "_clean", k "A " k "B " k "C", "A B C;A C;B C", "clean", "clean", "" },	\
	{ kind "_implied", k "A " k "B " k "C", "A B C;C A", "circular", "cycle (bound)", "" },	\
	{ kind "_nested_one_order", k "A1 " k "A2", "A1 A2;A1 A2", "recursive", "clean", SAME_CLASS }, \
	{ kind "_nested_both_orders", k "A1 " k "A2", "A1 A2;A2 A1", "recursive", "inversion (bound)", \
	  "the instances prove it; lockdep reports the first nesting already" },

/* Where there is a trylock. */
#define OF_TRYLOCKS(kind, k)									\
	{ kind "_trylock", k "A " k "B", "A B?;B A?", "clean", "clean", "" },		\
	{ kind "_trylock_held", k "A " k "B", "A? B;B A", "circular", "cycle (bound)", "" },

#define ALL_SCENARIOS										\
	OF_EACH_KIND("mutex", "m")								\
	OF_EACH_KIND("rwsem", "s")								\
	OF_EACH_KIND("percpu", "p")								\
	OF_EACH_KIND("rt_mutex", "t")								\
	OF_EACH_KIND("ww", "w")									\
	OF_TRYLOCKS("mutex", "m")								\
	OF_TRYLOCKS("rwsem", "s")								\
	OF_TRYLOCKS("rt_mutex", "t")								\
	OF_TRYLOCKS("ww", "w")									\
												\
	/* The same instance again. */								\
	{ "mutex_recursion", "mA", "A iA", "recursive", "deadlock, recursion", "", .not_on_rt = true }, \
	{ "mutex_recursion_killed", "mA", "A kA", "recursive", "deadlock, recursion", "", .not_on_rt = true }, \
	{ "rwsem_recursion", "sA", "A kA", "recursive", "deadlock, recursion", "", .not_on_rt = true }, \
	{ "rwsem_recursion_write_read", "sA", "A riA", "recursive", "deadlock, recursion", "", .not_on_rt = true }, \
	{ "rwsem_recursion_read_write", "sA", "rA kA", "recursive", "deadlock, recursion", "" },	\
	{ "rwsem_recursion_read_read", "sA", "rA rA", "recursive", "recursion", "" },	\
	{ "ww_recursion", "wA", "A iA", "recursive", "deadlock, recursion", "", .not_on_rt = true }, \
	{ "percpu_recursion_read_read", "pA", "rA rA", "recursive", "clean", INLINED },	\
	{ "mutex_recursion_trylock", "mA", "A A?", "clean", "clean", "" },			\
												\
	/* Nesting of one class, annotated or with something between. */				\
	{ "mutex_subclass_one_order", "mA1 mA2", "A1 A2/;A1 A2/", "clean", "clean", "" },	\
	{ "mutex_subclass_both_orders", "mA1 mA2", "A1 A2/;A2 A1/", "clean", "inversion (bound)", \
	  "the annotation hides a real inversion from lockdep; the instances prove it" },	\
	{ "mutex_nest_lock", "mG mA1 mA2", "G ^A1 ^A2;G ^A2 ^A1", "clean", "inversion (guarded)", \
	  "the nest lock is compiled out: it shows as the gate that it is" },			\
	{ "mutex_nested_under_gate", "mG mA1 mA2", "G A1 A2;G A2 A1", "recursive", "inversion (guarded)", \
	  "lockdep reports the first nesting already" },					\
	{ "mutex_sandwich", "mA1 mX mA2", "A1 X A2", "recursive", "clean", SAME_CLASS },	\
	{ "mutex_three_instances", "mA1 mA2 mA3", "A1 A2;A2 A3;A3 A1", "recursive", "clean", \
	  "no two instances are taken in both orders; longer rings of one class are not looked for" }, \
	{ "rwsem_readers_one_order", "sA1 sA2", "rA1 rA2;rA1 rA2", "recursive", "clean", SAME_CLASS }, \
	{ "rwsem_readers_both_orders", "sA1 sA2", "rA1 rA2;rA2 rA1", "recursive", "inversion (bound)", \
	  "lockdep reports the first nesting already" },					\
	{ "mutex_class_only", "mA1 mA2 mB1 mB2", "A1 B1;B2 A2", "circular", "cycle (class)",	\
	  "the same verdict; the grade says that no instances fit" },				\
												\
	/* Readers and writers. */								\
	{ "rwsem_reader_reader", "sA sB", "rA rB;rB rA", "circular", "cycle (bound)", "" },	\
	{ "rwsem_reader_writer", "sA sB", "rA B;B rA", "circular", "cycle (bound)", "" },	\
	{ "rwsem_writer_reader", "sA sB", "A rB;B rA", "circular", "cycle (bound)", "" },	\
	{ "rwsem_mutex", "sA mB", "rA B;B rA", "circular", "cycle (bound)", "" },		\
	{ "rwsem_readers_trylock", "sA sB", "rA rB?;rB rA?", "clean", "clean", "" },		\
	{ "rwsem_three_readers", "sX sY sZ", "X rY;Y rZ;Z rX", "circular", "cycle (bound)", "" }, \
	{ "three_through_reader", "mA sB mC", "A rB;rB C;C A", "circular", "cycle (bound)", "" }, \
	{ "percpu_readers", "pA pB", "rA rB;rB rA", "circular", "clean", INLINED },		\
	{ "percpu_reader_writer", "pA mB", "A B;B rA", "circular", "clean", INLINED },	\
	{ "percpu_reader_trylock", "pA mB", "A B;B rA?", "clean", "clean", "" },		\
												\
	/* Downgrades, other releases. */							\
	{ "downgrade_held", "sA mB", "A vA B;B rA", "circular", "cycle (bound)", "" },		\
	{ "downgrade_released", "sA mB", "A vA -A B;B A", "clean", "clean", "" },		\
	{ "non_owner_released", "sA mB", "nA ~A B;B A", "clean", "clean", "" },		\
	{ "non_owner_held", "sA mB", "nA B ~A;B A", "clean", "cycle (bound)",			\
	  "lockdep does not follow down_read_non_owner at all; the reader is held all the same" }, \
	{ "out_of_order", "mA mB mC", "A B? -A C;C A", "clean", "clean", "" },		\
	{ "unlock_twice", "mA", "A -A -A", "unbalanced", "release", "" },			\
	{ "unlock_unheld", "mA", "-A", "unbalanced", "release", "" },			\
	{ "exit_held", "mA", "A !", "exit", "exit", "" },					\
												\
	/* Lives of a lock. */									\
	{ "init_held", "mA", "A *A", "freed", "init", "" },					\
	{ "reused_address", "mA mB mD", "A B;>AD;B D", "clean", "clean", "" },		\
	{ "reused_address_inverted", "mA mB mD", "A B;>AD;D B;B D", "circular", "cycle (bound)", "" }, \
												\
	/* Who, and how many. */								\
	{ "long_cycle", "mA mB mC mD mE mF", "A B;B C;C D;D E;E F;F A", "circular", "cycle (bound)", "" }, \
	{ "long_clean", "mA mB mC mD mE mF", "A B;B C;C D;D E;E F;A F", "clean", "clean", "" }, \
	{ "one_task", "mA mB", "A B -B -A B A", "circular", "cycle (class)",			\
	  "the same verdict; the grade says that one task made both" },				\
	{ "gate", "mG mA mB", "G A B;G B A", "circular", "cycle (guarded)",			\
	  "the same verdict; the grade says that G was always held around" },			\
	{ "gate_not_always", "mG mA mB", "G A B;B A", "circular", "cycle (bound)", "" },	\
	{ "gate_reader", "sG mA mB", "rG A B;rG B A", "circular", "cycle (bound)", "" },	\
	{ "gate_trylock", "mG mA mB", "G? A B;G? B A", "circular", "cycle (guarded)",		\
	  "the same verdict; a gate taken by trylock is a gate" },				\
	{ "mixed_kinds", "mA sB tC pD", "A B;B C;C D;D A", "circular", "cycle (bound)", "" },	\
												\
	/* Attempts. */										\
	{ "interrupted_attempt", "mA mB", ". A iB|B . z;B A", "circular", "cycle (bound)", "" }, \
	{ "killed_attempt", "mA sB", ". A kB|rB . z;rB A", "circular", "cycle (bound)", "" },	\
	{ "deadlock", "mA mB", "A . iB|B . iA", "circular", "cycle (bound), deadlock",			\
	  "both have the cycle; that tasks wait in it now, lockdep does not say", .not_on_rt = true }, \
	{ "deadlock_readers", "sA mB", "rA . iB|B . kA", "circular", "cycle (bound), deadlock",		\
	  "both have the cycle; that tasks wait in it now, lockdep does not say" },	\
												\
	/* ww mutexes under a context. */							\
	{ "ww_context", "wA1 wA2", "[ cA1 cA2 ];[ cA2 cA1 ]", "clean", "clean", "" },	\
	{ "ww_context_backs_off", "wA1 wA2", "[ cA1 . cA2 ]|[ cA2 . cA1 ]", "clean", "clean", "" }, \
	{ "ww_context_trylock", "wA1 wA2", "[ cA1 A2? ];[ cA2 A1? ]", "clean", "clean", "" }, \
	{ "ww_context_then_without", "wA1 wA2", "[ cA1 A2 ]", "recursive", "recursion", "" }, \
	{ "ww_without_then_context", "wA1 wA2", "A1 [ cA2 ]", "recursive", "recursion", "" }, \
	{ "ww_context_mutex", "wA mM", "[ cA M ];M [ cA ]", "circular", "cycle (bound), cycle (class)",	\
	  "the same verdict, and the cycle of the context's class, which is the one that lockdep tells" }, \
	{ "ww_context_mutex_clean", "wA mM", "[ cA M ];[ cA M ]", "clean", "clean", "" },

#endif
