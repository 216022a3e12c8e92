// SPDX-License-Identifier: Apache-2.0
/* empty-hooks OBJECT COMMAND...: runs a command with the object's programs attached. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether the kernel has the function or the tracepoint behind a section name. */
static int kernel_has(const struct btf *kernel, const char *section)
{
	const char *name = strchr(section, '/') + 1;
	char type[128];

	if (strncmp(section, "tp_btf/", 7))
		return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) > 0;
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

int main(int count, char **arguments)
{
	struct bpf_object *object = count > 2 ? bpf_object__open_file(arguments[1], NULL) : NULL;
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_program *program;
	int attached = 0, status = 0;

	if (!object || !kernel) {
		fprintf(stderr, "usage: empty-hooks OBJECT COMMAND..., on a kernel with BTF\n");
		return 64;
	}
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, kernel_has(kernel, bpf_program__section_name(program)));
	if (bpf_object__load(object))
		return 2;
	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program) && bpf_program__attach(program))
			attached++;
	fprintf(stderr, "empty-hooks: %d programs\n", attached);
	pid_t child = fork();
	if (child == 0) {
		execvp(arguments[2], arguments + 2);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && !status && attached ? 0 : 2;
}
