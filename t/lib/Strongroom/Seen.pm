package Strongroom::Seen;

# Which functions programs have come to: those of a build with
# -fsanitize-coverage=trace-pc -g, and t/mutants/seen.c in it.
#
#	my @functions = seen_by($program, "$dir/" . basename($program));

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();

our @EXPORT_OK = qw(seen_by);

# seen_by(program, what it has noted): "src/store/db.c:db_open" and so on.
sub seen_by {
	my ($program, $noted) = @_;
	open my $fh, '<:raw', $noted or return;
	my $bytes = do { local $/; readline $fh } // '';
	my $at = File::Temp->new;
	# What is noted is where the call returns to.
	printf {$at} "%x\n", pos($bytes) - 2 while $bytes =~ /\x01/g;
	close $at or die "$at: $!";
	open my $said, '-|', 'sh', '-c', 'exec addr2line -f -e "$1" <"$2"',
	    'sh', $program, "$at" or die "addr2line: $!";
	my %found;
	while (defined(my $function = readline $said)) {
		my $place = readline($said) // '';
		chomp $function;
		$found{"$1:$function"} = 1 if $place =~ m{(src/[\w/]+\.c):\d};
	}
	close $said or die "addr2line: $!";
	return sort keys %found;
}

1;
