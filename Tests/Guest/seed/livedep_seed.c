// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The driver part of "rcu_barrier() no longer allowed within mmap_sem?" (LKML, 30 March 2020): a lock that a fault handler
 * takes within mmap_lock, and that another path holds over rcu_barrier(). Everything else in that report's chain, from
 * cpu_hotplug_lock over perf back to mmap_lock, the kernel brings along itself.
 *
 * Since 2022 rcu_barrier() does not take cpu_hotplug_lock any more. legacy_barrier_mutex stands in for
 * rcu_state.barrier_mutex as it was in 2020.
 *
 * No path here can hang by itself: the device is driven by one task after the other.
 */
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "livedep_seed.h"

/* A function that a stack must show under its own name. */
#define seen noinline __noclone

static DEFINE_MUTEX(gpu_lock);
static DEFINE_MUTEX(legacy_barrier_mutex);
static DEFINE_MUTEX(second_a);
static DEFINE_MUTEX(second_b);

/* Protected by gpu_lock. */
static struct page *gpu_page;

static seen vm_fault_t gpu_fault(struct vm_fault *vmf)
{
	vm_fault_t result = VM_FAULT_OOM;

	mutex_lock(&gpu_lock);
	if (!gpu_page)
		gpu_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (gpu_page) {
		get_page(gpu_page);
		vmf->page = gpu_page;
		result = 0;
	}
	mutex_unlock(&gpu_lock);
	return result;
}

static const struct vm_operations_struct gpu_vm_ops = {
	.fault = gpu_fault,
};

static int gpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &gpu_vm_ops;
	return 0;
}

static seen void gpu_ctl(void)
{
	mutex_lock(&gpu_lock);
	rcu_barrier();
	mutex_unlock(&gpu_lock);
}

static seen void legacy_gpu_ctl(void)
{
	mutex_lock(&gpu_lock);
	mutex_lock(&legacy_barrier_mutex);
	mutex_unlock(&legacy_barrier_mutex);
	mutex_unlock(&gpu_lock);
}

static seen void legacy_rcu_barrier(void)
{
	mutex_lock(&legacy_barrier_mutex);
	cpus_read_lock();
	cpus_read_unlock();
	mutex_unlock(&legacy_barrier_mutex);
}

static seen void second_ab(void)
{
	mutex_lock(&second_a);
	mutex_lock(&second_b);
	mutex_unlock(&second_b);
	mutex_unlock(&second_a);
}

static seen void second_ba(void)
{
	mutex_lock(&second_b);
	mutex_lock(&second_a);
	mutex_unlock(&second_a);
	mutex_unlock(&second_b);
}

static long gpu_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	switch (request) {
	case LIVEDEP_SEED_GPU_CTL:
		gpu_ctl();
		return 0;
	case LIVEDEP_SEED_LEGACY_CTL:
		legacy_gpu_ctl();
		return 0;
	case LIVEDEP_SEED_LEGACY_BARRIER:
		legacy_rcu_barrier();
		return 0;
	case LIVEDEP_SEED_SECOND_AB:
		second_ab();
		return 0;
	case LIVEDEP_SEED_SECOND_BA:
		second_ba();
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations gpu_fops = {
	.owner = THIS_MODULE,
	.mmap = gpu_mmap,
	.unlocked_ioctl = gpu_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice gpu_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = LIVEDEP_SEED_DEVICE,
	.fops = &gpu_fops,
	.mode = 0600,
};

static int __init gpu_init(void)
{
	return misc_register(&gpu_device);
}

static void __exit gpu_exit(void)
{
	misc_deregister(&gpu_device);
	/* Mappings hold the file, and the file holds the module: nobody is left to fault. */
	if (gpu_page)
		put_page(gpu_page);
}

module_init(gpu_init);
module_exit(gpu_exit);

MODULE_DESCRIPTION("The lock order of the report that livedep is measured by");
MODULE_AUTHOR("The livedep authors");
MODULE_LICENSE("Dual BSD/GPL");
