{
  'variables': {
    # A machine without libvirt's headers builds the other addons.
    'with_libvirt%': '<!(pkg-config --exists libvirt libvirt-lxc 2>/dev/null && echo true || echo false)',
  },

  'target_defaults': {
    'defines': [
      'NAPI_VERSION=8',
      'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
      # A worker that is ending cannot be thrown at.
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
    ],
    'cflags': ['-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
    'cflags_cc!': ['-fno-exceptions', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': [
      '-std=c++20',
      '-fexceptions',
      '-isystem <!(node -p "path.dirname(require.resolve(\'node-addon-api/package.json\'))")',
    ],
    # Threads of an addon may outlive the last environment that loaded it: its code stays.
    'ldflags': ['-Wl,-z,nodelete'],
    'configurations': {
      # `node-gyp build --debug`, in build/Debug: for AddressSanitizer and UndefinedBehaviorSanitizer (scripts/test-sanitize.ts).
      'Debug': {
        'defines': ['_GLIBCXX_ASSERTIONS'],
        'cflags': [
          '-fsanitize=address,undefined',
          '-fno-sanitize-recover=undefined',
          '-fno-omit-frame-pointer',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      },
    },
  },

  'targets': [
    {
      'target_name': 'weft_bpf',
      'sources': [
        'native/src/bpf/call.cc',
        'native/src/bpf/descriptor.cc',
        'native/src/bpf/later.cc',
        'native/src/bpf/memory.cc',
        'native/src/bpf/module.cc',
        'native/src/util/arguments.cc',
        'native/src/util/network_namespace.cc',
        'native/src/util/system_error.cc',
        'native/src/util/thread.cc',
      ],
    },
    {
      'target_name': 'weft_netlink',
      'sources': [
        'native/src/netlink/descriptor.cc',
        'native/src/netlink/module.cc',
        'native/src/netlink/socket.cc',
        'native/src/netlink/tap.cc',
        'native/src/util/arguments.cc',
        'native/src/util/callback.cc',
        'native/src/util/network_namespace.cc',
        'native/src/util/poll.cc',
        'native/src/util/system_error.cc',
        'native/src/util/thread.cc',
      ],
    },
  ],

  'conditions': [
    ['with_libvirt == "true"', {
      'targets': [
        {
          'target_name': 'weft_libvirt',
          'sources': [
            'native/src/libvirt/connection.cc',
            'native/src/libvirt/connection_calls.cc',
            'native/src/libvirt/domain.cc',
            'native/src/libvirt/domain_event.cc',
            'native/src/libvirt/environment.cc',
            'native/src/libvirt/error_code.cc',
            'native/src/libvirt/event_loop.cc',
            'native/src/libvirt/failure.cc',
            'native/src/libvirt/host.cc',
            'native/src/libvirt/lines.cc',
            'native/src/libvirt/module.cc',
            'native/src/libvirt/session.cc',
            'native/src/libvirt/terminal.cc',
            'native/src/libvirt/values.cc',
            'native/src/util/arguments.cc',
            'native/src/util/callback.cc',
            'native/src/util/mailbox.cc',
            'native/src/util/system_error.cc',
            'native/src/util/thread.cc',
            'native/src/util/work_queue.cc',
          ],
          'cflags': ['<!@(pkg-config --cflags libvirt libvirt-lxc)'],
          'libraries': ['<!@(pkg-config --libs libvirt libvirt-lxc)', '-ldl'],
        },
      ],
    }],
  ],
}
